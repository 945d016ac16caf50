//! Where a body is saved: -o templates, -O, and collisions settled in input order.
