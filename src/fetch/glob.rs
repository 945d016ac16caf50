//! curl's URL globs: {a,b}, [1-100], [001-100:2], expanded lazily.
