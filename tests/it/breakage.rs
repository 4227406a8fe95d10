//! What can happen to a database file while the real program uses it: it is moved, its disk refuses or hangs, its
//! content is damaged, the clock jumps. On Linux only, since the library that makes system calls fail is for it.
//!
//! - `growing`: the write-ahead log beside the file.
//! - `misplaced`: a file that is moved, replaced or deleted.
//! - `chaos`: all of it at once, under load (`cargo xtask chaos`).
//! - `damaged`: a file with damaged content.
//! - `failing`: a disk that refuses, is full or hangs.
//! - `rig`: the program.

mod chaos;
mod damaged;
mod failing;
mod growing;
mod misplaced;
mod rig;
