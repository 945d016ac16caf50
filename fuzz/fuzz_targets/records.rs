//! See `src/fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gfetch::fuzzing::records(data));
