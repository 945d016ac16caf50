//! Outcomes → bytes: the text report, the JSON record, the summary, the comparison.
