//! The record of `--resume`: a file that a kill may have cut off anywhere, and that people edit.

/// Any bytes as a record, and as what stands behind a record's head.
pub fn records(data: &[u8]) {
    crate::fetch::fuzz_record(data);
}
