//! Repeatable randomness: a seed determines a run to the last request.

/// A random number generator (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// True with a chance of one in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn one_of<'a, T: ?Sized>(&mut self, things: &[&'a T]) -> &'a T {
        things[self.below(things.len())]
    }

    /// A random element, if there is one.
    pub(super) fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        things.get(self.below(things.len()))
    }

    /// A random element, mostly near the end: recent records still exist.
    pub(super) fn recent<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let passed_over = if self.once_in(4) { 0 } else { things.len().saturating_sub(5) };
        self.pick(&things[passed_over..])
    }

    /// A random element, by weight.
    pub(super) fn weighted<T: Copy>(&mut self, things: &[(usize, T)]) -> T {
        let all = things.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(all);
        for (weight, thing) in things {
            if left < *weight {
                return *thing;
            }
            left -= weight;
        }
        things[0].1
    }
}
