//! A list of jobs that two threads share: a start is short, so that a second thread pays and a third would not.

use std::sync::atomic::{AtomicUsize, Ordering};
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

#[cfg(test)]
mod tests {
    use super::shared;

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
