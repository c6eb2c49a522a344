//! The macros that make a test of each promise, and the one list of promises that they share.

/// Makes a test of each promise that every backend must keep: one `#[test]` each, in a module for each topic.
///
/// ```
/// use concurrent_futures_conformance::{Backend, LoopbackExecutor, portable_tests};
///
/// struct Loopback;
/// impl Backend for Loopback {
///     type Executor = LoopbackExecutor;
///     fn make(&self, max_workers: usize) -> LoopbackExecutor {
///         LoopbackExecutor::new(max_workers)
///     }
/// }
///
/// portable_tests!(Loopback);
/// ```
///
/// An executor that runs its tasks in the caller keeps those that need no worker:
///
/// ```
/// # use concurrent_futures_conformance::{Backend, InlineExecutor, portable_tests};
/// # struct Inline;
/// # impl Backend for Inline {
/// #     type Executor = InlineExecutor;
/// #     fn make(&self, _: usize) -> InlineExecutor { InlineExecutor::new() }
/// # }
/// portable_tests!(Inline; submit, failure, callbacks, drops, map);
/// ```
#[macro_export]
macro_rules! portable_tests {
    ($backend:expr $(,)?) => {
        $crate::portable_tests!(
            $backend;
            submit, failure, callbacks, drops, map, window, wait, as_completed, awaiting, cancel, order, shutdown, kill,
            context,
        );
    };
    ($backend:expr; $($topic:ident),+ $(,)?) => {
        $($crate::__promises! { tests $topic [$backend] })+
    };
}

/// Makes a test of each promise about what can't be turned into bytes, for backends that send their tasks away.
#[macro_export]
macro_rules! encoding_tests {
    ($backend:expr $(,)?) => {
        $crate::__promises! { tests encoding [$backend] }
    };
}

/// Makes a test of each promise about closures, for backends whose executors are [`InProcess`].
///
/// [`InProcess`]: concurrent_futures_core::InProcess
#[macro_export]
macro_rules! in_process_tests {
    ($backend:expr $(,)?) => {
        $crate::in_process_tests!($backend; spawn, release, nesting);
    };
    ($backend:expr; $($topic:ident),+ $(,)?) => {
        $($crate::__promises! { tests $topic [$backend] })+
    };
}

macro_rules! cases_of {
    ($($topic:ident)*) => {
        [$(Vec::from(crate::__promises! { cases $topic [B] })),*].into_iter().flatten().collect()
    };
}

/// What [`portable_tests!`](crate::portable_tests) makes tests of, as values for [`run_cases`](crate::run_cases).
///
/// ```
/// # use concurrent_futures_conformance::{Backend, LoopbackExecutor};
/// # struct Loopback;
/// # impl Backend for Loopback {
/// #     type Executor = LoopbackExecutor;
/// #     fn make(&self, max_workers: usize) -> LoopbackExecutor { LoopbackExecutor::new(max_workers) }
/// # }
/// use concurrent_futures_conformance::{Case, portable_cases};
///
/// let cases: Vec<Case<Loopback>> = portable_cases();
/// assert!(cases.iter().any(|case| case.name() == "submit::a_call_gives_its_value"));
/// ```
#[must_use]
pub fn portable_cases<B: crate::Backend>() -> Vec<crate::Case<B>> {
    cases_of!(submit failure callbacks drops map window wait as_completed awaiting cancel order shutdown kill context)
}

/// What [`encoding_tests!`](crate::encoding_tests) makes tests of, as values for [`run_cases`](crate::run_cases).
#[must_use]
pub fn encoding_cases<B: crate::Backend>() -> Vec<crate::Case<B>> {
    cases_of!(encoding)
}

/// How a program ends that uses the backend, as values for [`run_cases`](crate::run_cases), which starts the program again
/// for each of them: there is no macro for these, since a test has no `main` of its own.
#[must_use]
pub fn exit_cases<B: crate::Backend>() -> Vec<crate::Case<B>> {
    cases_of!(exits)
}

#[doc(hidden)]
#[macro_export]
macro_rules! __expand {
    (tests $topic:ident [$backend:expr] $($name:ident)*) => {
        mod $topic {
            #[allow(unused_imports, reason = "a backend may be named by its whole path")]
            use super::*;
            $(
                #[test]
                fn $name() {
                    let name = concat!(stringify!($topic), "::", stringify!($name));
                    $crate::watchdog($crate::LIMIT, name, || $crate::promises::$topic::$name(&$backend));
                }
            )*
        }
    };
    (cases $topic:ident [$backend:ident] $($name:ident)*) => {
        [$($crate::Case::new(stringify!($topic), stringify!($name), $crate::promises::$topic::$name::<$backend>)),*]
    };
    (names $topic:ident [] $($name:ident)*) => {
        [$(concat!(stringify!($topic), "::", stringify!($name))),*]
    };
}

/// The list: what stands here is tested; a unit test compares it with the functions that there are.
#[doc(hidden)]
#[macro_export]
macro_rules! __promises {
    ($mode:ident context $args:tt) => {
        $crate::__expand! { $mode context $args
            a_task_has_what_its_submitter_had
            a_map_has_what_was_there_when_it_was_called
            nothing_stays_behind_a_task
            a_panic_of_the_task_is_its_own_and_leaves_nothing
            a_hook_that_panics_fails_its_task_alone
        }
    };
    ($mode:ident submit $args:tt) => {
        $crate::__expand! { $mode submit $args
            a_call_gives_its_value
            a_closure_without_captures_is_a_function
            several_arguments_travel_as_a_tuple
            unit_is_a_value
            many_calls_give_each_its_own_value
            a_value_is_looked_at_and_then_moved
            large_arguments_and_results_arrive_whole
            a_task_runs_although_its_future_is_dropped
            every_pointer_to_an_executor_is_one
            a_task_knows_its_id_label_and_attempt
            retries_do_not_repeat_what_did_not_die
            several_executors_work_side_by_side
            a_bounded_wait_gives_what_is_done
            the_text_of_a_future_tells_its_end
        }
    };
    ($mode:ident failure $args:tt) => {
        $crate::__expand! { $mode failure $args
            a_panic_arrives_with_message_and_place
            a_panic_without_text_ends_the_future
            the_next_task_is_fine
            of_many_tasks_only_the_panicking_ones_fail
            a_returned_error_is_the_futures_with_all_its_causes
            texts_and_boxes_are_errors
            an_error_as_a_value_is_a_success
            an_empty_error_is_an_error
            a_failure_names_its_task
            every_future_has_an_error_of_its_own
        }
    };
    ($mode:ident callbacks $args:tt) => {
        $crate::__expand! { $mode callbacks $args
            a_callback_sees_the_value
            a_callback_sees_the_error
            a_waiter_sees_what_the_callbacks_did
            a_panicking_callback_hurts_nobody
            a_late_callback_runs_at_once_where_it_is_added
            a_late_callback_that_panics_hurts_nobody
            callbacks_submit_to_the_same_executor
            a_callback_shuts_the_executor_down
            a_callback_drops_the_executor
        }
    };
    ($mode:ident drops $args:tt) => {
        $crate::__expand! { $mode drops $args
            what_a_task_took_is_gone_with_its_end
            what_a_task_gave_is_gone_when_nobody_wants_it
            a_map_keeps_nothing_that_it_yielded
            an_argument_that_panics_when_dropped_hurts_nobody
            a_result_that_panics_when_dropped_hurts_nobody
        }
    };
    ($mode:ident map $args:tt) => {
        $crate::__expand! { $mode map $args
            results_come_in_the_order_of_the_input
            any_chunk_size_gives_the_same
            an_empty_input_gives_no_result
            each_result_has_the_key_of_its_item
            any_map_can_have_keys
            a_failing_item_fails_alone
            the_end_is_stable
            a_timeout_of_the_task_is_not_the_maps
            any_buffer_gives_the_same
            several_inputs_are_zipped
            an_endless_input_is_fine
            no_more_is_pulled_than_the_buffer_holds
            the_input_may_borrow_and_stay_on_its_thread
            a_panic_of_the_input_is_the_consumers
            unordered_gives_the_same_results
            a_deadline_that_is_kept_changes_nothing
            every_item_of_a_chunk_is_a_task_of_its_own
            two_maps_run_side_by_side
            each_item_runs_once
        }
    };
    ($mode:ident window $args:tt) => {
        $crate::__expand! { $mode window $args
            tasks_run_before_anybody_iterates
            a_slow_item_holds_nobody_up
            unordered_yields_what_is_done
            a_late_item_yields_deadline_exceeded
            what_waits_at_the_deadline_never_runs
            what_waits_at_the_deadline_never_runs_unordered
            a_deadline_ends_an_endless_input
            a_deadline_never_looks_like_success
            dropping_the_results_cancels_what_has_not_begun
            leaving_the_loop_cancels_the_rest
            a_tasks_own_deadline_ends_its_item_only
            what_was_in_time_is_yielded_after_the_deadline
        }
    };
    ($mode:ident wait $args:tt) => {
        $crate::__expand! { $mode wait $args
            all_are_done_when_all_are_waited_for
            the_first_done_ends_the_wait
            what_is_done_already_ends_the_wait_at_once
            the_first_failure_ends_the_wait
            a_failure_ends_the_wait_whatever_has_ended_before
            a_failure_from_before_ends_the_wait_at_once
            a_cancelled_future_is_no_failure
            a_cancelled_future_is_done
            the_time_that_passes_parts_done_from_not_done
            nothing_is_waited_for_at_once
            a_future_given_twice_counts_once
            futures_of_many_executors_and_types_are_waited_for
            futures_are_given_away_and_come_back
            a_hundred_ends_at_once_are_all_noticed
            many_threads_wait_for_the_same_futures
        }
    };
    ($mode:ident as_completed $args:tt) => {
        $crate::__expand! { $mode as_completed $args
            every_future_is_yielded_once
            futures_come_in_the_order_of_their_ends
            what_is_done_already_comes_first
            a_future_given_twice_is_yielded_once
            what_was_yielded_is_not_kept
            a_bounded_wait_yields_what_is_done_and_counts_the_rest
            a_bounded_wait_that_ends_early_loses_nothing
            a_cancelled_future_is_yielded
            futures_are_added_on_the_way
            what_is_left_is_taken_back
            giving_up_leaves_the_futures_alone
            futures_of_many_executors_and_types_are_yielded
        }
    };
    ($mode:ident awaiting $args:tt) => {
        $crate::__expand! { $mode awaiting $args
            a_future_is_awaited
            a_failure_is_awaited
            who_awaits_sees_what_the_callbacks_did
            a_cancel_wakes_who_awaits
            a_deadline_wakes_who_awaits
        }
    };
    ($mode:ident cancel $args:tt) => {
        $crate::__expand! { $mode cancel $args
            cancelled_before_start_never_runs
            what_runs_or_has_ended_is_not_cancelled
            cancelling_again_says_true_and_changes_nothing
            a_cancel_runs_the_callbacks_here
            many_cancellers_are_one
            a_cancel_wakes_who_waits
            a_cancel_races_with_the_start
            a_future_that_cancels_on_drop_does
            an_abort_of_what_waits_is_a_cancel
            an_abort_reaches_a_task_that_looks
            the_answer_of_an_abort_is_kept
            an_abort_of_what_has_ended_says_false
            a_deadline_is_kept_or_refused
            a_deadline_counts_from_the_start
        }
    };
    ($mode:ident order $args:tt) => {
        $crate::__expand! { $mode order $args
            tasks_begin_in_the_order_of_submission
            as_many_tasks_run_as_there_are_workers
            never_more_tasks_run_than_there_are_workers
            running_is_what_a_worker_has_begun
            callbacks_run_in_order_and_before_the_release
            a_panicking_callback_stops_neither_the_next_nor_the_release
            a_wait_that_ends_early_leaves_the_future_untouched
            who_blocks_is_woken_by_the_end
            many_threads_see_the_same_outcome
            ten_threads_share_the_executor
            the_numbers_add_up
        }
    };
    ($mode:ident shutdown $args:tt) => {
        $crate::__expand! { $mode shutdown $args
            a_submit_after_a_shutdown_is_refused
            a_map_after_a_shutdown_is_refused
            a_drain_runs_all_that_was_taken
            a_drain_right_after_the_submits_ends
            a_drain_passes_over_what_was_cancelled
            an_unused_executor_ends
            a_shutdown_that_does_not_wait_goes_on
            a_map_outlives_a_shutdown_that_does_not_wait
            a_bounded_shutdown_never_escalates
            shutdowns_may_be_repeated
            cancel_pending_cancels_what_waits_and_awaits_what_runs
            cancel_pending_wakes_who_waits
            cancel_pending_ends_a_map
            cancel_pending_cancels_what_a_chunk_has_not_begun
            dropping_the_executor_runs_all_that_was_taken
            a_drop_after_a_shutdown_does_not_wait
            a_drop_while_panicking_cancels_what_waits
            many_threads_shut_down_at_once
            a_submit_races_with_the_shutdown
        }
    };
    ($mode:ident kill $args:tt) => {
        $crate::__expand! { $mode kill $args
            a_kill_ends_every_future
            after_a_kill_nothing_is_taken
            killing_nothing_is_fine
            a_task_that_looks_ends_within_the_grace
            a_task_that_ends_within_the_grace_keeps_its_value
            a_kill_goes_on_without_its_caller
            a_kill_ends_a_drain
            a_drain_with_a_kill_behind_it_ends
            a_kill_comes_later_without_its_caller
            a_drain_that_ends_in_time_is_not_killed
            a_kill_with_much_data_on_the_way_ends
            a_kill_ends_a_map
        }
    };
    ($mode:ident encoding $args:tt) => {
        $crate::__expand! { $mode encoding $args
            an_argument_that_does_not_cross_fails_alone
            a_result_that_does_not_cross_fails_alone
            many_bad_ones_do_not_stop_the_good_ones
            in_a_chunk_only_the_bad_item_fails
            a_chunk_of_bad_items_ends
            a_closure_is_refused
            a_shutdown_after_a_bad_task_ends
            a_bad_task_from_a_callback_fails_alone
            failures_cross_as_text
        }
    };
    ($mode:ident exits $args:tt) => {
        $crate::__expand! { $mode exits $args
            at_the_end_of_main_all_that_was_taken_runs
            after_a_shutdown_that_did_not_wait_the_program_ends
            after_a_cancel_that_did_not_wait_the_program_ends
            an_executor_that_is_never_dropped_ends_with_the_program
            at_the_end_of_main_an_unread_map_is_dropped
        }
    };
    ($mode:ident spawn $args:tt) => {
        $crate::__expand! { $mode spawn $args
            a_closure_captures_and_gives_anything
            closures_run_behind_a_pointer
            tasks_share_memory_with_the_caller
            a_failure_keeps_the_very_error
            a_panic_keeps_its_payload
            a_closure_knows_its_task
            a_map_of_a_closure_is_a_map
            callbacks_run_in_order_where_the_task_ended
            a_callback_added_meanwhile_is_told
            a_long_chain_of_callbacks_does_not_grow_the_stack
        }
    };
    ($mode:ident release $args:tt) => {
        $crate::__expand! { $mode release $args
            captures_are_dropped_with_the_task
            captures_are_gone_when_the_wait_ends
            a_cancel_drops_the_captures_at_once
            an_unwanted_result_is_dropped
            a_panicking_destructor_hurts_nobody
            a_cancelled_closure_never_runs
        }
    };
    ($mode:ident nesting $args:tt) => {
        $crate::__expand! { $mode nesting $args
            a_task_submits_to_its_own_executor
            waiting_for_ones_own_executor_is_no_deadlock
            all_workers_wait_for_what_is_queued_behind_them
            every_kind_of_wait_works_inside_a_task
            a_circle_of_waits_is_named_and_broken
            waiting_in_ones_own_callback_is_contained
            a_callback_waits_for_another_task
            a_task_shuts_its_executor_down
            a_task_drops_its_executor
            a_nested_wait_hears_of_a_cancel
        }
    };
}

#[cfg(test)]
mod tests {
    /// The public functions of a topic's source.
    fn functions(topic: &str, source: &str) -> Vec<String> {
        let lines = source.lines().filter_map(|line| line.strip_prefix("pub fn "));
        lines.map(|line| format!("{topic}::{}", line.split('<').next().unwrap_or_default())).collect()
    }

    macro_rules! assert_complete {
        ($($topic:ident)*) => {$(
            let listed = crate::__promises! { names $topic [] };
            let written = functions(stringify!($topic), include_str!(concat!("promises/", stringify!($topic), ".rs")));
            assert_eq!(listed[..], written[..], "the list of promises and its topic differ");
        )*};
    }

    #[test]
    fn every_promise_is_tested() {
        assert_complete!(submit failure callbacks drops map window wait as_completed awaiting cancel order shutdown kill);
        assert_complete!(context);
        assert_complete!(encoding exits spawn release nesting);
    }
}
