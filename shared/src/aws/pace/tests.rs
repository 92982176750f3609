use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};
use tokio::time::sleep;

use super::*;

/// AWS's side: a bucket of calls that fills at a rate per second.
struct Bucket {
    size: f64,
    per_second: f64,
    held: f64,
    filled: Instant,
    accepted: u32,
    refused: u32,
}

impl Bucket {
    fn new(size: f64, per_second: f64) -> Mutex<Self> {
        let filled = Instant::now();
        Mutex::new(Bucket { size, per_second, held: size, filled, accepted: 0, refused: 0 })
    }

    fn takes(&mut self) -> bool {
        let gained = self.filled.elapsed().as_secs_f64() * self.per_second;
        (self.held, self.filled) = ((self.held + gained).min(self.size), Instant::now());
        let takes = self.held >= 1.0;
        if takes {
            self.held -= 1.0;
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
        takes
    }
}

/// The same in each run.
fn pace(seed: u64) -> Pace {
    Pace::with_chance(Rng::with_seed(seed))
}

/// As many calls as a resource has, at most eight at once, each made until it is accepted.
async fn calls(count: usize, pace: &Pace, bucket: &Mutex<Bucket>) {
    let call = || async {
        loop {
            let turn = pace.turn(true).await;
            sleep(Duration::from_millis(25)).await;
            let takes = bucket.lock().unwrap().takes();
            sleep(Duration::from_millis(25)).await;
            turn.ended(!takes);
            if takes {
                break;
            }
        }
    };
    stream::iter(0..count).for_each_concurrent(8, |_| call()).await;
}

/// R5
#[tokio::test(start_paused = true)]
async fn calls_that_are_not_throttled_wait_for_nothing() {
    let (pace, bucket) = (pace(1), Bucket::new(1000.0, 1000.0));
    let started = Instant::now();
    calls(80, &pace, &bucket).await;
    assert_eq!(started.elapsed().as_millis() / 50, 10);
}

/// R5
#[tokio::test(start_paused = true)]
async fn one_function_takes_hardly_longer_than_the_bucket_and_is_refused_little() {
    for (count, size, per_second) in [(40, 10.0, 5.0), (190, 10.0, 5.0), (60, 5.0, 2.0)] {
        let (pace, bucket) = (pace(1), Bucket::new(size, per_second));
        let started = Instant::now();
        calls(count, &pace, &bucket).await;
        let bucket = bucket.into_inner().unwrap();
        let bound = (f64::from(bucket.accepted) - size) / per_second;
        let ratio = started.elapsed().as_secs_f64() / bound;
        assert!(ratio < 1.25, "{count}: {ratio}");
        let refused = f64::from(bucket.refused) / f64::from(bucket.accepted);
        assert!(refused < 0.4, "{count}: {refused}");
    }
}

/// Returns the result of ten functions with ten requests each that share a bucket: the time of the
/// last in parts of the bucket's own, that of the first in parts of the last, and refusals for each
/// accepted call.
async fn shared(seed: u64) -> [f64; 3] {
    let bucket = Bucket::new(10.0, 5.0);
    let started = Instant::now();
    let paces: Vec<Pace> = (0..10).map(|number| pace(seed * 10 + number)).collect();
    let functions: FuturesUnordered<_> = paces
        .iter()
        .map(|pace| async {
            for _ in 0..10 {
                calls(19, pace, &bucket).await;
            }
            started.elapsed().as_secs_f64()
        })
        .collect();
    let ends: Vec<f64> = functions.collect().await;
    let bucket = bucket.into_inner().unwrap();
    let accepted = f64::from(bucket.accepted);
    let bound = (accepted - bucket.size) / bucket.per_second;
    let (first, last) = (ends.first().unwrap(), ends.last().unwrap());
    [last / bound, first / last, f64::from(bucket.refused) / accepted]
}

/// R5
#[tokio::test(start_paused = true)]
async fn functions_that_share_a_bucket_are_all_served() {
    let mut runs = Vec::new();
    for seed in 1..=5 {
        runs.push(shared(seed).await);
    }
    // Of which chance has more in one run than in another.
    let median = |what: usize| {
        let mut values: Vec<f64> = runs.iter().map(|run| run[what]).collect();
        values.sort_by(f64::total_cmp);
        values[2]
    };
    assert!(median(0) < 1.15, "{runs:?}");
    assert!(median(1) > 0.5, "{runs:?}");
    assert!(median(2) < 0.35, "{runs:?}");
}

#[test]
fn a_burst_of_refusals_changes_the_gap_once() {
    let now = Instant::now();
    let mut rhythm = Rhythm::new(now);
    let sent = now + Duration::from_millis(1);
    let later = sent + Duration::from_millis(50);
    for _ in 0..8 {
        rhythm.refused(sent, later, 1.0);
    }
    assert_eq!((rhythm.gap, rhythm.next), (Some(FIRST), later + FIRST));
    rhythm.accepted(sent);
    assert_eq!(rhythm.gap, Some(FIRST), "it began before there was a gap");
}

#[test]
fn refusals_in_a_row_widen_the_gap_to_its_longest() {
    let mut now = Instant::now();
    let mut rhythm = Rhythm::new(now);
    for _ in 0..2000 {
        now += Duration::from_secs(1);
        rhythm.refused(now, now, 1.0);
        assert!(rhythm.next - now <= LONGEST);
    }
    assert_eq!(rhythm.gap, Some(LONGEST));
    for _ in 0..500 {
        rhythm.accepted(now);
    }
    assert_eq!(rhythm.gap, None);
}

#[test]
fn a_gap_is_forgotten_after_a_while_without_calls() {
    let mut rhythm = Rhythm::new(Instant::now());
    let now = Instant::now() + FORGOTTEN;
    rhythm.begun(now, 1.0);
    rhythm.refused(now, now, 1.0);
    rhythm.next(now + FORGOTTEN);
    assert!(rhythm.gap.is_some());
    let later = now + FORGOTTEN + Duration::from_millis(1);
    assert_eq!((rhythm.next(later), rhythm.gap), (later, None));
}

/// R5
#[tokio::test(start_paused = true)]
async fn reads_do_not_wait_for_writes() {
    let pace = pace(1);
    pace.turn(true).await.ended(true);
    let started = Instant::now();
    pace.turn(false).await.ended(false);
    assert_eq!(started.elapsed(), Duration::ZERO);
    pace.turn(true).await.ended(false);
    assert!(started.elapsed() >= FIRST.mul_f64(1.0 - JITTER));
}
