//! Lists of URLs, read as they are needed: one entry a line, or the failure of that line.
