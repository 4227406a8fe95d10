//! A fixed number of bytes, written round and round.
//!
//! Keeping thousands of buffers of all sizes would leave the heap full of holes when they are dropped, and an allocator
//! returns little of such a heap to the system. One large allocation is returned whole. Its pages take no memory before
//! they are written.

use std::ops::Range;

pub struct Ring {
    capacity: usize,
    /// Empty until something is written.
    bytes: Vec<u8>,
    next: usize,
}

impl Ring {
    pub fn of(capacity: usize) -> Self {
        Self { capacity, bytes: Vec::new(), next: 0 }
    }

    /// The place that the next `length` bytes will take, and the place that is skipped before it: whatever is in either
    /// is lost. `None` if they do not fit at all.
    pub fn room(&self, length: usize) -> Option<[Range<usize>; 2]> {
        match (self.next + length <= self.capacity, length <= self.capacity) {
            (true, _) => Some([self.next..self.next + length, 0..0]),
            // The bytes stay in one piece, so the end of the ring is skipped.
            (false, true) => Some([0..length, self.next..self.capacity]),
            (false, false) => None,
        }
    }

    /// Writes to a place that [`Ring::room`] has named.
    pub fn write(&mut self, place: &Range<usize>, parts: &[&[u8]]) {
        if self.bytes.is_empty() {
            self.bytes = vec![0; self.capacity];
        }
        let mut at = place.start;
        for part in parts {
            self.bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        self.next = place.end;
    }

    pub fn read(&self, place: Range<usize>) -> &[u8] {
        &self.bytes[place]
    }

    /// Forgets everything, and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::of(self.capacity);
    }
}
