//! Serial and parallel compared: paired ratios, their range, and the most that was possible.
