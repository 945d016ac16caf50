//! Header fields: ordered, case-insensitive, duplicates kept (RFC 9110 section 5).
