//! Counts, percentiles and failures of a run, in constant memory.
