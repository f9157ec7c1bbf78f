//! A list of jobs that two threads share, and a value that is made ahead: a start is short, so that a second thread pays and
//! a third would not. It is one for the life of the process: to begin and to end a thread costs as much as many a job.

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The second thread; none where none can be had.
static SECOND: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    // A panic in a job that was begun ahead shows again in who does the job instead.
    ThreadPoolBuilder::new().num_threads(1).panic_handler(|_| ()).build().ok()
});

/// Whether it works for somebody: who comes then, in a service, does not wait for it.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What each job from 0 to `count` comes to, in their order. Whoever is free takes the next one, as nobody knows beforehand
/// how long one takes; each thread keeps a state of its own from job to job. If the jobs are not worth a second thread, or
/// it has others to do, this one does them all.
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
    let (mut done, others) = if worth { beside(work, work) } else { (work(), Vec::new()) };
    done.extend(others);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// What two jobs come to: the other one is done beside this one, or after it where the second thread has others to do.
pub(crate) fn beside<A, B: Send>(this: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    match SECOND.as_ref().filter(|_| !TAKEN.swap(true, Ordering::Acquire)) {
        Some(second) => {
            let _free = Free;
            let mut made = None;
            let own = second.in_place_scope(|scope| {
                scope.spawn(|_| made = Some(other()));
                this()
            });
            (own, made.expect("a scope ends when its jobs have"))
        }
        None => (this(), other()),
    }
}

/// Gives the second thread back, whatever happens.
struct Free;

impl Drop for Free {
    fn drop(&mut self) {
        TAKEN.store(false, Ordering::Release);
    }
}

/// Gives the second thread a job that nobody waits for: what others find done when they come to it, and do themselves else.
pub(crate) fn ahead(job: impl FnOnce() + Send + 'static) {
    if let Some(second) = SECOND.as_ref() {
        second.spawn(job);
    }
}

#[cfg(test)]
mod tests {
    use super::{ahead, beside, shared};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, OnceLock};

    #[test]
    fn what_is_begun_ahead_is_done_by_somebody_once() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let value = Arc::new(OnceLock::new());
        let make = |value: &OnceLock<usize>| *value.get_or_init(|| MADE.fetch_add(1, Ordering::Relaxed) + 1);
        let begun = Arc::clone(&value);
        ahead(move || {
            make(&begun);
        });
        // The second thread does its jobs in their order: whichever came first, it was done before this.
        assert_eq!(beside(|| make(&value), || make(&value)), (1, 1));
        assert_eq!(MADE.load(Ordering::Relaxed), 1);
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
    fn jobs_may_have_jobs_of_their_own() {
        let row = |outer: usize| shared(true, 20, || (), |(), inner| outer * inner).iter().sum::<usize>();
        let (sums, row_of_3) = beside(|| shared(true, 20, || (), |(), outer| row(outer)), || row(3));
        assert_eq!(row_of_3, 570);
        assert_eq!(sums, (0..20).map(|outer| outer * 190).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_is_passed_on_and_ends_nothing() {
        let all_panic = || shared(true, 8, || (), |(), _| -> () { panic!("as asked") });
        for _ in 0..3 {
            assert!(std::panic::catch_unwind(all_panic).is_err());
        }
        ahead(|| panic!("as asked"));
        assert_eq!(shared(true, 3, || (), |(), index| index), [0, 1, 2]);
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
