use std::pin::pin;

use futures_util::future::{join, poll_immediate};
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{sleep, timeout};

use super::*;

/// AWS's side.
trait Aws {
    /// Whether it takes a call that arrives now.
    fn takes(&mut self) -> bool;
}

/// A bucket of calls that fills at a rate per second.
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
}

impl Aws for Bucket {
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

/// An account that others keep so busy that our own rate changes nothing: a part is refused.
struct Busy {
    refused: f64,
    chance: Rng,
}

impl Aws for Busy {
    fn takes(&mut self) -> bool {
        self.chance.f64() >= self.refused
    }
}

/// Refuses everything until then.
struct Outage(Instant);

impl Aws for Outage {
    fn takes(&mut self) -> bool {
        Instant::now() >= self.0
    }
}

/// The same in each run.
fn pace(seed: u64) -> Pace {
    Pace::with_chance(Rng::with_seed(seed))
}

/// At most eight calls at once, each made until it is accepted.
async fn calls(count: usize, is_write: bool, pace: &Pace, aws: &Mutex<impl Aws>) {
    let call = || async {
        loop {
            let turn = pace.turn(is_write).await;
            sleep(Duration::from_millis(25)).await;
            let takes = aws.lock().unwrap().takes();
            sleep(Duration::from_millis(25)).await;
            turn.ended(!takes);
            if takes {
                break;
            }
        }
    };
    stream::iter(0..count).for_each_concurrent(8, |_| call()).await;
}

/// The writes of a resource.
async fn writes(count: usize, pace: &Pace, aws: &Mutex<impl Aws>) {
    calls(count, true, pace, aws).await;
}

/// R5
#[tokio::test(start_paused = true)]
async fn calls_that_are_not_throttled_wait_for_nothing() {
    let (pace, bucket) = (pace(1), Bucket::new(1000.0, 1000.0));
    let started = Instant::now();
    writes(80, &pace, &bucket).await;
    assert_eq!(started.elapsed().as_millis() / 50, 10);
}

/// R5
#[tokio::test(start_paused = true)]
async fn one_function_takes_hardly_longer_than_the_bucket_and_is_refused_little() {
    for (count, size, per_second) in [(40, 10.0, 5.0), (190, 10.0, 5.0), (60, 5.0, 2.0)] {
        let (pace, bucket) = (pace(1), Bucket::new(size, per_second));
        let started = Instant::now();
        writes(count, &pace, &bucket).await;
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
                writes(19, pace, &bucket).await;
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

/// Returns the seconds of a Create of `slim` while a part of its calls is refused: it looks, then
/// writes and looks at what it made.
async fn create(seed: u64, refused: f64) -> f64 {
    let (pace, started) = (pace(seed), Instant::now());
    let aws = Mutex::new(Busy { refused, chance: Rng::with_seed(seed + 100) });
    calls(14, false, &pace, &aws).await;
    join(writes(19, &pace, &aws), calls(22, false, &pace, &aws)).await;
    started.elapsed().as_secs_f64()
}

/// R5
#[tokio::test(start_paused = true)]
async fn refusals_that_no_pace_changes_do_not_slow_a_request_down_to_a_standstill() {
    for (refused, usual, rarely_more) in
        [(0.1, 5.0, 10.0), (0.2, 10.0, 20.0), (0.4, 35.0, 90.0), (0.6, 95.0, 130.0)]
    {
        let mut seconds = Vec::new();
        for seed in 1..=21 {
            seconds.push(create(seed, refused).await);
        }
        seconds.sort_by(f64::total_cmp);
        let (half, nine_of_ten) = (seconds[10], seconds[18]);
        assert!(half < usual && nine_of_ten < rarely_more, "{refused}: {seconds:?}");
    }
}

/// R5
#[tokio::test(start_paused = true)]
async fn calls_are_soon_at_full_speed_after_an_outage() {
    for (before, longest) in [(0, 4.0), (60, 3.0)] {
        for seed in 1..=5 {
            let pace = pace(seed);
            writes(before, &pace, &Bucket::new(10.0, 5.0)).await;
            let end = Instant::now() + Duration::from_secs(10);
            writes(40, &pace, &Mutex::new(Outage(end))).await;
            let seconds = end.elapsed().as_secs_f64();
            assert!(seconds < longest, "{before}, {seed}: {seconds}");
            let again = Instant::now();
            writes(8, &pace, &Mutex::new(Outage(end))).await;
            assert_eq!(again.elapsed().as_millis() / 50, 1, "there is no gap any more");
        }
    }
}

/// A look at a new object may not be polled while its request does something else.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_polled_keeps_no_other_from_its_turn() {
    let pace = pace(1);
    pace.turn(true).await.ended(true);
    let mut forgotten = pin!(pace.turn(true));
    assert!(poll_immediate(forgotten.as_mut()).await.is_none());
    for _ in 0..3 {
        timeout(LONGEST, pace.turn(true)).await.unwrap().ended(false);
    }
    assert!(forgotten.now_or_never().is_none(), "it waits for the next turn");
}

/// R5
#[tokio::test(start_paused = true)]
async fn a_call_that_waits_hears_that_its_turn_comes_sooner() {
    let pace = pace(1);
    for _ in 0..20 {
        pace.turn(true).await.ended(true);
    }
    let (turn, started) = (pace.turn(true).await, Instant::now());
    let end = async {
        sleep(Duration::from_millis(25)).await;
        turn.ended(false);
    };
    join(pace.turn(true), end).await;
    assert!(started.elapsed() <= LONGEST.mul_f64(RECOVERING));
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
        assert!(rhythm.next - now <= AGAIN_AT_LAST);
    }
    assert_eq!(rhythm.gap, Some(LONGEST));
}

#[test]
fn an_accepted_call_narrows_the_gap_a_little_and_halves_it_after_many_refusals() {
    let now = Instant::now();
    let refused = |times| {
        let mut rhythm = Rhythm::new(now);
        (0..times).for_each(|_| rhythm.refused(now, now, 1.0));
        rhythm
    };
    let mut few = refused(MANY - 1);
    let gap = few.gap.unwrap();
    few.accepted(now);
    assert_eq!(few.gap, Some(gap.mul_f64(ACCEPTED)));
    let mut many = refused(MANY);
    let gap = many.gap.unwrap();
    many.accepted(now);
    many.accepted(now);
    let narrow = gap.mul_f64(RECOVERING).mul_f64(RECOVERING);
    assert_eq!((many.gap, many.next), (Some(narrow), now + narrow));
    many.refused(now, now, 1.0);
    let gap = many.gap.unwrap();
    many.accepted(now);
    assert_eq!(many.gap, Some(gap.mul_f64(ACCEPTED)));
    (0..500).for_each(|_| many.accepted(now));
    assert_eq!(many.gap, None);
}

#[test]
fn a_gap_is_forgotten_after_a_while_without_calls() {
    let mut rhythm = Rhythm::new(Instant::now());
    let now = Instant::now() + FORGOTTEN;
    assert_eq!(rhythm.begin(now, 1.0), Ok(()));
    rhythm.refused(now, now, 1.0);
    let mut forgotten = rhythm.clone();
    assert_eq!(rhythm.begin(now + FORGOTTEN, 1.0), Ok(()));
    assert!(rhythm.gap.is_some());
    let later = now + FORGOTTEN + Duration::from_millis(1);
    assert_eq!((forgotten.begin(later, 1.0), forgotten.gap), (Ok(()), None));
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
