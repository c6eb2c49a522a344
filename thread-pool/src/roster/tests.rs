use std::sync::Arc;

use super::{Absence, FailedSpawn, Parker, Roster, Summons, TimedTask};

/// A worker that runs a task with a deadline.
fn busy_worker(roster: &Roster) -> (Arc<Absence>, TimedTask) {
    assert!(matches!(roster.summon(|| 1), Summons::Spawn(_)));
    roster.found_work();
    let absence = Arc::<Absence>::default();
    (absence.clone(), TimedTask::new(absence))
}

fn absent(roster: &Roster) -> (usize, usize) {
    let headcount = roster.headcount();
    (headcount.blocked, headcount.late)
}

#[test]
fn r1_a_second_summons_claims_nobody_while_one_searches() {
    let roster = Roster::new(2, 8);
    assert!(matches!(roster.summon(|| 1), Summons::Spawn(0)));
    assert!(!roster.calls());
    assert!(matches!(roster.summon(|| 1), Summons::Nobody));
    roster.found_work();
    assert!(roster.calls(), "there is room for a second worker");
    assert!(matches!(roster.summon(|| 1), Summons::Spawn(1)));
    roster.found_work();
    assert!(!roster.calls() && matches!(roster.summon(|| 1), Summons::Nobody));
}

#[test]
fn r3_a_summons_claims_nobody_if_the_job_was_found_meanwhile() {
    let roster = Roster::new(2, 8);
    let _ = roster.summon(|| 1);
    roster.found_work();
    assert!(roster.calls() && matches!(roster.summon(|| 0), Summons::Nobody));
    assert_eq!(roster.headcount().total, 1);
}

#[test]
fn r1_a_worker_that_parked_while_another_was_to_start_takes_over_when_that_fails() {
    let roster = Roster::new(2, 8);
    let parker = Arc::new(Parker::default());
    let _ = roster.summon(|| 1);
    roster.found_work();
    assert!(matches!(roster.summon(|| 1), Summons::Spawn(1)));
    // The first one finds nothing and parks; what is pushed now relies on the second.
    roster.search();
    roster.park(&parker);
    assert!(!roster.calls());
    assert!(matches!(roster.spawn_failed(), FailedSpawn::Wake(woken) if Arc::ptr_eq(&woken, &parker)));
    assert!(!roster.calls(), "the first one searches");
    roster.found_work();
    assert!(matches!(roster.summon(|| 1), Summons::Spawn(_)));
    assert!(matches!(roster.spawn_failed(), FailedSpawn::OthersWork));
    roster.search();
    roster.leave();
    let _ = roster.summon(|| 1);
    assert!(matches!(roster.spawn_failed(), FailedSpawn::NobodyLeft));
}

#[test]
fn r2_a_blocked_worker_makes_room_and_a_surplus_one_parks() {
    let roster = Roster::new(1, 1);
    let parker = Arc::new(Parker::default());
    let (absence, _) = busy_worker(&roster);
    roster.block(&absence).unwrap();
    let (spare, _) = busy_worker(&roster);
    assert!(roster.block(&spare).unwrap_err().max_blocked == 1);
    roster.unblock(&absence);
    assert!(roster.has_surplus());
    assert!(roster.park_surplus(&parker) && !roster.has_surplus());
    assert!(!roster.park_surplus(&parker));
}

#[test]
fn r5_a_late_worker_makes_room_and_parks_when_it_comes_back() {
    let roster = Roster::new(1, 1);
    let parker = Arc::new(Parker::default());
    let (_, task) = busy_worker(&roster);
    assert!(!roster.calls());
    roster.run_late(&task);
    assert!(roster.calls() && absent(&roster) == (0, 1));
    let _spare = busy_worker(&roster);
    assert!(!roster.has_spares(), "the late one may never come back");
    roster.come_back(&task);
    assert!(roster.has_surplus() && roster.has_spares());
    assert!(roster.park_surplus(&parker) && absent(&roster) == (0, 0));
}

#[test]
fn r5_a_task_that_has_returned_is_not_late_whoever_says_so() {
    let roster = Roster::new(1, 1);
    let (_, task) = busy_worker(&roster);
    roster.come_back(&task);
    roster.run_late(&task);
    assert!(!roster.calls() && absent(&roster) == (0, 0));
}

#[test]
fn r5_a_worker_that_is_blocked_and_late_counts_once() {
    let roster = Roster::new(1, 1);
    let (absence, task) = busy_worker(&roster);
    roster.block(&absence).unwrap();
    roster.run_late(&task);
    assert_eq!(absent(&roster), (0, 1));
    let _spare = busy_worker(&roster);
    // In either order it comes back once.
    roster.unblock(&absence);
    assert!(!roster.has_surplus() && absent(&roster) == (0, 1));
    roster.block(&absence).expect("it has given its place up already");
    roster.come_back(&task);
    assert!(!roster.has_surplus() && absent(&roster) == (1, 0));
    roster.unblock(&absence);
    assert!(roster.has_surplus() && absent(&roster) == (0, 0));
}

#[test]
fn r5_a_worker_is_late_until_the_last_of_its_late_tasks_returns() {
    let roster = Roster::new(1, 1);
    let (absence, outer) = busy_worker(&roster);
    let inner = TimedTask::new(absence);
    roster.run_late(&outer);
    roster.run_late(&inner);
    assert_eq!(absent(&roster), (0, 1));
    roster.come_back(&inner);
    assert!(roster.calls() && absent(&roster) == (0, 1));
    roster.come_back(&outer);
    assert!(!roster.calls() && absent(&roster) == (0, 0));
}

#[test]
fn r5_beyond_the_limit_a_late_worker_keeps_its_place_until_another_is_absent_no_more() {
    let roster = Roster::new(1, 1);
    let (first, _) = busy_worker(&roster);
    roster.block(&first).unwrap();
    let (second, task) = busy_worker(&roster);
    roster.run_late(&task);
    assert!(!roster.calls() && absent(&roster) == (1, 1), "late, and its place is taken");
    assert_eq!(roster.block(&second).unwrap_err().max_blocked, 1);
    roster.unblock(&first);
    // The first has its place back, and the second has given its own up.
    assert!(!roster.calls() && !roster.has_surplus());
    roster.block(&second).unwrap();
    roster.unblock(&second);
    roster.come_back(&task);
    assert!(roster.has_surplus());
}

#[test]
fn r4_a_claimed_worker_does_not_retire() {
    let roster = Roster::new(1, 1);
    let parker = Arc::new(Parker::default());
    let _ = roster.summon(|| 1);
    roster.park(&parker);
    assert!(matches!(roster.summon(|| 1), Summons::Wake(_)));
    assert!(!roster.retire(&parker, true) && !roster.recheck(&parker));
    roster.park(&parker);
    assert!(!roster.retire(&parker, false), "it is no spare");
    assert!(roster.retire(&parker, true));
    assert_eq!(roster.headcount().total, 0);
}
