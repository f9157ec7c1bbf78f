//! A list of jobs that two threads share, and a value that is made ahead: a start is short, so that a second thread pays and
//! a third would not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

/// What each job from 0 to `count` comes to, in their order. Whoever is free takes the next one, as nobody knows beforehand
/// how long one takes; each thread keeps a state of its own from job to job. If the jobs are not worth a second thread, or
/// none can be had, this one does them all.
pub(crate) fn shared<S, T: Send>(
    worth: bool,
    count: usize,
    state: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut own, mut done) = (None, Vec::new());
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            done.push((index, job(own.get_or_insert_with(&state), index)));
        }
    };
    let mut done = thread::scope(|scope| {
        let beside = if worth { thread::Builder::new().spawn_scoped(scope, work).ok() } else { None };
        let mut done = work();
        match beside.map(thread::ScopedJoinHandle::join) {
            Some(Ok(more)) => done.extend(more),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => {}
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// A value that is made once: ahead, by a thread of its own, or by whoever needs it first.
#[derive(Debug)]
pub(crate) struct Ahead<T> {
    made: OnceLock<T>,
    making: Mutex<Option<thread::JoinHandle<T>>>,
}

impl<T> Default for Ahead<T> {
    fn default() -> Self {
        Ahead { made: OnceLock::new(), making: Mutex::new(None) }
    }
}

impl<T: Send + 'static> Ahead<T> {
    /// Begins to make the value; where no thread can be had, nothing is begun.
    pub(crate) fn begin(make: impl FnOnce() -> T + Send + 'static) -> Self {
        let making = thread::Builder::new().spawn(make).ok();
        Ahead { made: OnceLock::new(), making: Mutex::new(making) }
    }

    /// The value: waited for if it was begun, else made here.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> &T {
        self.made.get_or_init(|| {
            let making = self.making.lock().unwrap_or_else(PoisonError::into_inner).take();
            match making.map(thread::JoinHandle::join) {
                Some(Ok(made)) => made,
                Some(Err(panic)) => std::panic::resume_unwind(panic),
                None => make(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Ahead, shared};

    #[test]
    fn a_value_is_made_once_ahead_or_when_it_is_needed() {
        let ahead = Ahead::begin(|| 1);
        assert_eq!((ahead.get(|| 2), ahead.get(|| 3)), (&1, &1));
        let late = Ahead::default();
        assert_eq!((late.get(|| 2), late.get(|| 3)), (&2, &2));
    }

    #[test]
    fn every_job_is_done_once_and_in_its_place() {
        for worth in [false, true] {
            for count in [0, 1, 2, 1000] {
                let squares = shared(worth, count, || 0, |_, index| index * index);
                assert_eq!(squares, (0..count).map(|index| index * index).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_thread_keeps_its_state() {
        let counts = shared(
            false,
            3,
            || 10,
            |state, _| {
                *state += 1;
                *state
            },
        );
        assert_eq!(counts, [11, 12, 13]);
    }
}
