//! Origins: scheme, host, port (RFC 6454).
