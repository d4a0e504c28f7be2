//! The stories: what users of other systems complain about, and what must hold here. Each is told on every cluster.

pub mod calendars;
pub mod dates;
pub mod editing;
pub mod exceptions;
pub mod feeds;
pub mod holds;
pub mod horizon;
pub mod last_units;
pub mod losses;
pub mod policies;
pub mod preorders;
pub mod promise_rules;
pub mod queue;
pub mod quotes;
pub mod receipts;
pub mod release;
pub mod replacements;
pub mod retries;
pub mod serving_mode;
pub mod shipping;
pub mod shortage_instructions;
pub mod stock_truth;
pub mod wait_limits;

/// Calls `$with!` with every story, as `module::story`. The one list of stories.
#[macro_export]
macro_rules! every_story {
    ($with:ident) => {
        $with! {
            calendars::a_promise_counts_taking_in_and_packing_over_working_days,
            calendars::an_order_after_the_cut_off_ships_on_the_next_working_day,
            calendars::a_wanted_day_of_arrival_is_judged_by_the_lane,
            calendars::goods_that_are_wanted_later_leave_when_they_have_to,
            calendars::a_supply_that_moves_onto_a_closed_day_moves_the_promise_to_the_next_open_one,
            dates::a_backorder_without_supply_says_that_no_date_is_known,
            dates::a_backorder_is_promised_on_the_day_of_its_supply,
            dates::a_promise_moves_with_its_supply_and_says_why,
            dates::a_receipt_changes_the_promise_of_whom_it_serves_once,
            dates::a_receipt_that_is_too_small_takes_the_dates_of_those_it_does_not_serve,
            dates::the_agreed_and_the_expected_day_of_a_supply_are_two_fields,
            dates::a_cancelled_supply_takes_its_dates_with_it,
            dates::the_explanation_names_supply_and_who_is_ahead,
            dates::supply_that_is_past_due_promises_nothing,
            dates::a_shipment_notice_carries_the_promise_to_its_own_day,
            dates::a_watch_on_promises_resumes_without_a_gap,
            editing::raising_an_order_leaves_the_units_of_others_alone,
            editing::lowering_an_order_serves_the_next_in_the_queue,
            editing::cancelling_serves_the_next_in_the_queue,
            editing::a_raised_quantity_queues_behind_those_who_waited_before,
            editing::a_line_cannot_be_lowered_below_what_shipped,
            editing::an_order_that_is_done_cannot_be_changed,
            exceptions::what_needs_a_planner_is_listed_by_value_with_the_command_that_resolves_it,
            exceptions::a_promise_that_is_expected_later_is_at_risk_until_it_is_kept,
            exceptions::who_lost_reserved_units_is_named_until_they_are_replaced,
            exceptions::units_that_nobody_announced_wait_for_a_planner,
            exceptions::what_a_planner_adds_lives_as_long_as_the_cause,
            holds::a_line_on_credit_hold_keeps_its_place_and_the_next_is_served,
            holds::clearing_a_hold_serves_the_line_from_what_is_free,
            holds::a_hold_that_only_blocks_release_lets_the_line_take_stock,
            holds::a_hold_on_a_customer_covers_every_later_order,
            holds::a_hold_on_a_customer_reaches_the_orders_that_are_there,
            holds::what_the_warehouse_has_ships_from_behind_a_hold,
            holds::the_same_hold_set_twice_is_one_and_cleared_twice_is_gone,
            holds::a_held_order_can_be_amended_and_cancelled,
            holds::a_quote_that_is_confirmed_behind_a_hold_keeps_what_it_had,
            holds::an_order_may_begin_on_hold,
            holds::the_backlog_is_filtered_by_holds,
            feeds::a_release_is_an_order_to_its_warehouse_until_it_is_acknowledged,
            feeds::a_recall_is_an_order_to_the_warehouse_that_has_the_units,
            feeds::what_a_warehouse_shipped_and_did_not_find_is_one_document,
            feeds::a_line_that_does_not_fit_is_refused_and_the_others_ship,
            feeds::a_document_that_comes_many_times_at_once_has_one_effect,
            feeds::a_receipt_advice_books_what_is_known_and_refuses_the_rest,
            feeds::an_adjustment_of_a_warehouse_tells_who_lost_and_refuses_what_is_not_there,
            feeds::a_comparison_names_what_differs_and_books_nothing,
            feeds::a_difference_is_booked_once_and_what_moved_since_stands,
            feeds::a_newer_comparison_supersedes_what_nobody_booked,
            feeds::an_older_event_of_a_carrier_never_overwrites_a_newer_one,
            horizon::a_line_beyond_the_horizon_is_promised_and_takes_no_stock,
            horizon::what_is_free_is_not_promised_twice_beyond_the_horizon,
            horizon::a_line_beyond_the_horizon_is_pegged_to_supply_that_comes_in_time,
            horizon::a_shorter_horizon_lets_go_and_a_longer_one_takes,
            horizon::a_day_that_is_amended_moves_the_line_into_the_horizon,
            last_units::only_one_of_two_checkouts_gets_the_last_unit,
            last_units::an_inquiry_keeps_nothing,
            last_units::a_line_that_may_not_be_split_is_not_served_from_the_sum_of_locations,
            last_units::a_line_that_may_be_split_takes_from_several_locations,
            last_units::the_same_item_twice_in_one_order_is_counted_twice,
            losses::damage_takes_the_last_in_the_queue_and_the_order_says_why,
            losses::who_lost_units_is_served_before_a_newcomer,
            losses::units_put_aside_for_the_queue_are_lost_before_reserved_ones,
            losses::who_loses_at_one_location_is_served_from_another,
            losses::a_count_tells_its_victims_that_it_was_a_count,
            policies::a_policy_that_forbids_backorders_refuses_by_name,
            policies::the_cap_of_waiting_units_cuts_the_rest,
            policies::the_most_specific_policy_decides,
            policies::a_customer_who_does_not_want_to_wait_loses_nothing_but_the_rest,
            preorders::an_item_that_is_not_released_is_preordered_and_no_backorder,
            preorders::each_channel_has_its_own_release,
            preorders::a_release_that_is_put_off_moves_the_promises_of_who_waits,
            promise_rules::a_promise_stands_while_a_later_day_is_within_the_tolerance,
            promise_rules::a_promise_stands_while_an_earlier_day_is_not_worth_a_message,
            promise_rules::a_customer_who_amends_is_told_the_day_that_is_expected,
            queue::a_new_order_never_overtakes_the_waiting_ones,
            queue::arriving_stock_serves_the_higher_tier_first,
            queue::inside_a_tier_the_earlier_order_is_served_first,
            queue::what_nobody_waits_for_becomes_free,
            queue::a_receipt_for_one_location_serves_only_lines_of_that_location,
            queue::the_backlog_lists_the_queue_in_order,
            queue::the_serving_sequence_is_the_company_s_own,
            quotes::a_confirmed_quote_is_not_counted_twice,
            quotes::a_cancelled_quote_gives_its_stock_back,
            quotes::a_quote_ends_by_itself,
            release::released_units_are_frozen_and_a_cancellation_asks_for_them,
            release::a_recall_gives_units_back_to_their_line,
            release::a_recall_that_the_warehouse_refuses_changes_nothing,
            release::what_ships_before_the_warehouse_answers_ends_its_recall,
            release::a_count_that_finds_less_than_the_warehouse_has_ends_a_recall_too,
            release::a_short_pick_waits_again_before_those_who_came_later,
            release::units_that_were_picked_damaged_stay_set_apart,
            release::no_unit_of_a_quote_passes_the_gate,
            release::one_shipment_carries_several_orders_and_tells_what_arrived,
            release::a_line_may_leave_in_several_shipments,
            release::a_call_at_the_gate_that_is_sent_again_is_done_once,
            release::a_wrong_call_at_the_gate_names_every_field_and_does_nothing,
            receipts::each_unit_is_booked_in_its_condition_and_refused_ones_are_still_expected,
            receipts::more_than_the_tolerance_waits_for_quality_control,
            receipts::a_short_delivery_says_when_the_rest_comes,
            receipts::a_short_delivery_that_closes_its_order_moves_the_promises_on,
            receipts::a_delivery_that_nobody_knows_waits_for_review_and_serves_the_queue_when_it_is_attached,
            receipts::a_second_delivery_of_a_closed_order_is_not_lost,
            receipts::a_reversed_receipt_takes_the_last_in_the_queue_and_the_order_says_why,
            receipts::a_receipt_that_is_reversed_for_good_leaves_no_date,
            replacements::broken_units_are_replaced_from_stock,
            replacements::a_replacement_that_is_not_there_takes_its_turn_in_the_queue,
            replacements::a_unit_that_is_sold_again_may_replace_itself,
            replacements::a_return_that_is_sent_again_adds_one_line,
            replacements::a_return_to_an_unknown_place_adds_nothing,
            replacements::who_does_not_want_to_wait_gets_no_replacement_that_is_not_there,
            retries::the_same_request_again_deducts_once,
            retries::the_same_request_id_for_another_order_is_refused,
            retries::an_order_id_names_one_order_for_ever,
            retries::sixty_four_parallel_sends_place_one_order,
            retries::an_order_for_an_unknown_item_leaves_nothing_behind,
            serving_mode::what_arrives_is_held_until_the_planner_commits_it,
            serving_mode::what_is_held_is_shared_when_the_mode_becomes_automatic,
            shipping::fully_reserved_stock_ships_to_the_orders_that_hold_it,
            shipping::a_line_ships_in_parts,
            shipping::more_than_is_reserved_does_not_ship,
            shipping::what_came_back_may_be_sold_again,
            shipping::no_more_comes_back_than_was_shipped,
            shortage_instructions::n_refuses_what_is_not_there,
            shortage_instructions::y_backorders_the_balance_and_ships_what_is_there,
            shortage_instructions::bk_ships_partial_and_backorders_the_balance,
            shortage_instructions::sp_ships_partial_and_cancels_the_balance,
            shortage_instructions::what_a_count_takes_from_sp_is_cancelled_when_the_rest_ships,
            shortage_instructions::is_takes_from_everywhere_whatever_the_policy_says,
            shortage_instructions::who_wants_to_be_asked_gets_nothing_short_before_an_answer,
            shortage_instructions::who_wants_to_be_asked_is_not_asked_when_all_of_it_leaves,
            stock_truth::availability_follows_every_movement,
            stock_truth::a_count_takes_the_last_in_the_queue_first,
            stock_truth::a_count_that_finds_more_serves_the_queue,
            stock_truth::units_in_transit_are_sold_when_they_arrive,
            stock_truth::quarantined_units_cannot_be_sold,
            stock_truth::an_adjustment_cannot_take_more_than_is_there,
            stock_truth::a_watch_on_availability_resumes_without_a_gap,
            wait_limits::a_customer_may_speak_unasked,
            wait_limits::each_unit_that_is_cancelled_or_comes_back_is_given_back_once,
            wait_limits::nothing_is_given_back_for_a_quote,
        }
    };
}
