//! Content codings, decoded while streaming: gzip, deflate, br, zstd.
