//! Random text for robustness tests: the same for the same seed, and the seed is printed (cargo shows it on failure).

#[cfg(test)]
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// xorshift64*: small, and no crate needed for it.
pub(crate) struct Random(u64);

impl Random {
    /// The same numbers for the same seed.
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Always the same seed; `what` says in the output whose it is.
    #[cfg(test)]
    pub(crate) fn seeded(what: &str) -> Random {
        println!("random {what}: seed {SEED:#x}");
        Random(SEED)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % bound
    }

    /// At most `pieces` of `alphabet`, in any order.
    #[cfg(test)]
    pub(crate) fn text(&mut self, alphabet: &[&str], pieces: usize) -> String {
        let count = self.below(pieces + 1);
        (0..count).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    /// At most `most` bytes of any value.
    #[cfg(test)]
    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}
