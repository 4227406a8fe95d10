//! What befalls the file of a database while the real program uses it: it is moved, its disk refuses or hangs, its
//! content is damaged, the clock jumps.
//!
//! - `misplaced`: a file that is moved, replaced or deleted.
//! - `rig`: the program, and a library that makes its system calls fail.

mod misplaced;
mod rig;
