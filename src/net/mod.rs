//! Looks blocking, parks instead: TCP, Unix sockets, names, TLS, stream servers.
