//! Green threads: the scheduler and gevent's vocabulary.
