//! Owns the queue of greenlets that are ready to run: first in, first out.
//!
//! Of a thousand greenlets the first are out of the processor's cache again when their turn comes. The queue knows who
//! comes next, so it asks for their memory while others run.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::green::task::Task;
use crate::green::task::stack::LINE_BYTES;

/// Up to so many greenlets stay in the cache by themselves.
const FEW: usize = 64;
/// Whose task is asked for, so that it is there …
const TASK_AHEAD: usize = 4;
/// … when its stack is, whose place the task tells.
const STACK_AHEAD: usize = 2;

#[derive(Default)]
pub(in crate::green) struct Ready {
    queue: RefCell<VecDeque<Rc<Task>>>,
}

impl Ready {
    #[inline]
    pub fn push(&self, task: Rc<Task>) {
        self.queue.borrow_mut().push_back(task);
    }

    #[inline]
    pub fn pop(&self) -> Option<Rc<Task>> {
        let mut queue = self.queue.borrow_mut();
        if queue.len() > FEW {
            let task = Rc::as_ptr(&queue[TASK_AHEAD]).addr();
            [task, task + LINE_BYTES].into_iter().for_each(prefetch);
            queue[STACK_AHEAD].stack_lines().into_iter().for_each(prefetch);
        }
        queue.pop_front()
    }

    /// The one that runs next.
    pub fn front(&self) -> Option<Rc<Task>> {
        self.queue.borrow().front().cloned()
    }

    /// Lets the one in `place` run next, and the one that was to run next in its place.
    pub fn bring_to_front(&self, place: usize) {
        self.queue.borrow_mut().swap(0, place);
    }

    pub fn len(&self) -> usize {
        self.queue.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.queue.borrow().is_empty()
    }
}

/// Asks for the cache line with this address.
#[inline(always)]
fn prefetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: SSE is part of x86-64, and a prefetch reads nothing and faults on no address.
        unsafe { _mm_prefetch(address as *const i8, _MM_HINT_T0) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
