//! Customers wait as long as they accepted. Then they are asked, what waits is cancelled, or a planner is told; and for
//! what they do not get, something is to be given back.

use backorder_proto::allocation::v1::{
    AfterSilence, AfterWait, BackorderPolicy, CustomerQuestion, ListQuestionsRequest, ListRefundsRequest, OrderState,
    QuestionState, RecordAnswerRequest, RecordAnswerResponse, Refund, RefundBasis, WaitDayType,
    record_answer_request::Answer,
};
use backorder_testkit::eventually;
use jiff::{ToSpan as _, civil, tz::TimeZone};
use tonic::Status;

use crate::world::{World, ZONE, because, date, money, reason, request_id};

/// Ann waits for five mugs, and accepts to wait two days.
async fn ann_waits(world: &World, change: impl FnOnce(&mut BackorderPolicy)) {
    world.mug_at_main().await;
    world
        .policy("patience", |policy| {
            policy.acceptable_wait_days = Some(2);
            change(policy);
        })
        .await;
    world.place("ann", "mug", 5).await;
}

pub async fn the_customer_is_asked_when_the_last_day_is_over(world: &World) {
    ann_waits(world, |_| {}).await;
    let limit = world.day(2);
    world
        .policy("hasty", |policy| {
            policy.acceptable_wait_days = Some(1);
            policy.customer_tier = "HASTY".to_owned();
        })
        .await;
    world.draft("bob").tier("HASTY").line("mug", 1).place().await.expect("placed");
    assert_eq!(world.line("ann", 1).await.wait_limit_date, Some(date(limit)));

    world.moment_before_the_end_of(limit);
    eventually("bob, who accepts a day less, is asked", || async { !world.questions("bob").await.is_empty() }).await;
    assert_eq!(world.questions("ann").await, [], "her last day is not over");
    world.advance(jiff::SignedDuration::from_mins(2));
    let asked = world.asked("ann").await;

    assert_eq!((asked.open, asked.wait_limit_date), (5, Some(date(limit))));
    assert_eq!(asked.name, format!("{}/questions/1", world.line_name("ann", 1)));
    assert!(asked.answer_deadline.is_some() && asked.answer_time.is_none());
    let line = world.line("ann", 1).await;
    assert_eq!((line.question, line.open), (asked.name, 5), "she keeps her place");
    let explained = world.explain("ann", 1).await;
    assert!(explained.summary.contains("is asked whether to wait on"), "{}", explained.summary);
    world.receive("mug", "main", 2).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 2, "and is served while the question is open");
    world.books_balance().await;
}

pub async fn consent_restarts_the_clock(world: &World) {
    ann_waits(world, |_| {}).await;
    world.end_of(world.day(2));
    let asked = world.asked("ann").await;

    let too_early = world.consents(&asked.name, world.day(-1)).await.expect_err("the limit has passed");
    assert_eq!(reason(&too_early), "INVALID_REQUEST");
    let until = world.day(3);
    let answer = world.consents(&asked.name, until).await.expect("she waits on");

    let question = answer.question.expect("the question");
    assert_eq!((question.state(), question.consent_until), (QuestionState::Consented, Some(date(until))));
    assert_eq!(question.context, because("customer-called"));
    let line = answer.line.expect("the line");
    assert_eq!((line.wait_limit_date, line.question.as_str(), line.open), (Some(date(until)), "", 5));
    let again = world.declines(&asked.name).await.expect_err("she has answered");
    assert_eq!(reason(&again), "QUESTION_STATE_CONFLICT");

    world.end_of(until);
    let second = world.asked("ann").await;
    assert_eq!(second.name, format!("{}/questions/2", world.line_name("ann", 1)));
    assert_eq!(second.wait_limit_date, Some(date(until)));
    let states: Vec<QuestionState> = world.questions("ann").await.iter().map(CustomerQuestion::state).collect();
    assert_eq!(states, [QuestionState::Consented, QuestionState::Pending], "what she said is kept");
    world.books_balance().await;
}

pub async fn without_consent_what_waits_is_cancelled_and_given_back(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    world.policy("patience", |policy| policy.acceptable_wait_days = Some(2)).await;
    world.place("ann", "mug", 5).await;
    world.end_of(world.day(2));
    let asked = world.asked("ann").await;
    assert_eq!(asked.open, 3);

    let answer = world.declines(&asked.name).await.expect("she does not wait on");

    let line = answer.line.expect("the line");
    assert_eq!((line.reserved, line.open, line.cancelled), (2, 0, 3), "what is reserved stays");
    assert_eq!(answer.question.expect("the question").state(), QuestionState::Declined);
    let refunds = world.refunds("ann").await;
    let told: Vec<_> =
        refunds.iter().map(|refund| (refund.quantity, refund.amount.clone(), &*refund.reason_code)).collect();
    assert_eq!(told, [(3, Some(money(15)), "customer-called")]);
    assert_eq!(world.order("ann").await.state(), OrderState::Open);
    world.books_balance().await;
}

pub async fn silence_is_told_to_a_planner_who_may_still_record_a_consent(world: &World) {
    ann_waits(world, |policy| policy.answer_days = 1).await;
    world.end_of(world.day(2));
    let asked = world.asked("ann").await;

    world.end_of(world.day(1));
    eventually("a planner is told", || async { world.line("ann", 1).await.wait_escalate_time.is_some() }).await;

    assert_eq!(world.questions("ann").await[0].state(), QuestionState::Expired);
    let line = world.line("ann", 1).await;
    assert_eq!((line.open, line.question.as_str()), (5, ""));
    let explained = world.explain("ann", 1).await;
    assert!(explained.summary.contains("a planner decides"), "{}", explained.summary);
    let late = world.consents(&asked.name, world.day(5)).await.expect_err("the question is over");
    assert_eq!(reason(&late), "QUESTION_STATE_CONFLICT");
    let answer = world.consents(&world.line_name("ann", 1), world.day(5)).await.expect("told about the line");
    assert_eq!(answer.question.expect("kept as a question of its own").number(), 2);
    assert_eq!(answer.line.expect("the line").wait_escalate_time, None);
    world.books_balance().await;
}

pub async fn silence_cancels_or_keeps_where_the_policy_says_so(world: &World) {
    ann_waits(world, |policy| {
        policy.answer_days = 1;
        policy.after_silence = AfterSilence::Cancel.into();
    })
    .await;
    world
        .policy("keep", |policy| {
            policy.acceptable_wait_days = Some(2);
            policy.customer_tier = "KEEP".to_owned();
            policy.answer_days = 1;
            policy.after_silence = AfterSilence::Keep.into();
        })
        .await;
    world.draft("bob").tier("KEEP").line("mug", 1).place().await.expect("placed");
    world.end_of(world.day(2));
    world.asked("ann").await;
    world.asked("bob").await;

    world.end_of(world.day(1));
    eventually("what waited is cancelled", || async { world.line("ann", 1).await.cancelled == 5 }).await;

    assert_eq!(world.order("ann").await.state(), OrderState::Cancelled);
    assert_eq!(world.questions("ann").await[0].state(), QuestionState::Expired);
    assert_eq!(world.refunds("ann").await[0].reason_code, "NO_ANSWER");
    eventually("bob's question is over", || async {
        world.questions("bob").await[0].state() == QuestionState::Expired
    })
    .await;
    let line = world.line("bob", 1).await;
    assert_eq!((line.open, line.wait_escalate_time), (1, None), "bob waits on");
    world.books_balance().await;
}

pub async fn a_wait_of_working_days_passes_over_the_weekend(world: &World) {
    ann_waits(world, |policy| {
        policy.acceptable_wait_days = Some(3);
        policy.wait_day_type = WaitDayType::Working.into();
    })
    .await;
    let mut limit = world.day(0);
    for _ in 0..3 {
        limit = limit.tomorrow().expect("a date");
        while matches!(limit.weekday(), civil::Weekday::Saturday | civil::Weekday::Sunday) {
            limit = limit.tomorrow().expect("a date");
        }
    }
    assert_eq!(world.line("ann", 1).await.wait_limit_date, Some(date(limit)));

    world.end_of(limit);
    assert_eq!(world.asked("ann").await.wait_limit_date, Some(date(limit)));
}

pub async fn a_question_about_what_is_there_by_now_is_void(world: &World) {
    ann_waits(world, |_| {}).await;
    world.end_of(world.day(2));
    let asked = world.asked("ann").await;

    world.receive("mug", "main", 5).await;
    world.idle().await;
    let filled = world.declines(&asked.name).await.expect_err("nothing waits any more");
    assert_eq!(reason(&filled), "QUESTION_STATE_CONFLICT");
    eventually("the question is void", || async { world.questions("ann").await[0].state() == QuestionState::Void })
        .await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.cancelled, line.question.as_str()), (5, 0, ""));
    world.count("mug", "main", 0).await;
    world.idle().await;
    assert_eq!(world.asked("ann").await.open, 5, "who waits again is asked again");
    world.books_balance().await;
}

pub async fn what_waits_is_cancelled_by_rule_and_what_is_reserved_stays(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    world
        .policy("short", |policy| {
            policy.acceptable_wait_days = Some(2);
            policy.after_wait = AfterWait::Cancel.into();
        })
        .await;
    world.place("ann", "mug", 5).await;

    world.end_of(world.day(2));
    eventually("what waits is cancelled", || async { world.line("ann", 1).await.cancelled == 3 }).await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.open), (2, 0));
    let refunds = world.refunds("ann").await;
    assert_eq!((refunds.len(), refunds[0].quantity, &*refunds[0].reason_code), (1, 3, "WAIT_LIMIT"));
    assert_eq!(world.questions("ann").await, []);
    world.ship("ann", 1, 0).await.expect("shipped");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_planner_is_told_by_rule_until_nothing_waits(world: &World) {
    ann_waits(world, |policy| policy.after_wait = AfterWait::Escalate.into()).await;

    world.end_of(world.day(2));
    eventually("a planner is told", || async { world.line("ann", 1).await.wait_escalate_time.is_some() }).await;
    assert_eq!(world.questions("ann").await, []);

    world.receive("mug", "main", 5).await;
    world.idle().await;
    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.wait_escalate_time), (5, None));
    world.books_balance().await;
}

pub async fn the_customer_is_asked_early_when_no_day_within_the_wait_is_expected(world: &World) {
    ann_waits(world, |policy| {
        policy.acceptable_wait_days = Some(6);
        policy.ask_days_before = 3;
    })
    .await;
    world.expect_supply("po", "mug", "main", 5, world.day(5)).await;
    world.idle().await;
    // Bob's supply comes too late.
    world.place("bob", "mug", 1).await;

    world.end_of(world.day(3));
    let asked = world.asked("bob").await;

    assert_eq!((asked.open, asked.expected_ship_date), (1, None));
    assert_eq!(world.questions("ann").await, [], "hers comes in time");
    world.move_supply("po", world.day(9)).await;
    assert_eq!(world.asked("ann").await.open, 5, "not any more");
}

pub async fn a_customer_may_speak_unasked(world: &World) {
    ann_waits(world, |_| {}).await;
    world.place("bob", "mug", 2).await;
    let (ann, bob) = (world.line_name("ann", 1), world.line_name("bob", 1));

    let answer = world.consents(&ann, world.day(9)).await.expect("she waits longer");
    assert_eq!(answer.line.expect("the line").wait_limit_date, Some(date(world.day(9))));
    let question = answer.question.expect("what she said is kept");
    assert_eq!((question.state(), question.answer_deadline), (QuestionState::Consented, None));

    let request = world.answer_request(&bob, Answer::Decline(true));
    let first = world.record(request.clone()).await.expect("he does not wait");
    let again = world.record(request).await.expect("the same request, the same answer");
    assert_eq!(first, again);
    assert_eq!(first.line.expect("the line").cancelled, 2);
    let nothing = world.declines(&bob).await.expect_err("nothing waits");
    assert_eq!(reason(&nothing), "ORDER_STATE_CONFLICT");
    let unknown = world.declines(&format!("{ann}/questions/7")).await.expect_err("never asked");
    assert_eq!(reason(&unknown), "QUESTION_NOT_FOUND");
    world.receive("mug", "main", 5).await;
    world.idle().await;
    let filled = world.declines(&ann).await.expect_err("all is reserved");
    assert_eq!(reason(&filled), "LINE_QUANTITY_CONFLICT");
    world.books_balance().await;
}

pub async fn each_unit_that_is_cancelled_or_comes_back_is_given_back_once(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 6).await;
    world.draft("ann").line("mug", 9).place().await.expect("placed");
    let mut draft = world.draft("gift").line("mug", 1);
    draft.order().lines[0].unit_price = None;
    draft.place().await.expect("placed");

    world.cancel("ann", 1, 2).await.expect("cancelled");
    world.cancel("ann", 1, 1).await.expect("cancelled");
    world.release("ann", 1, 4).await.expect("in the warehouse's hands");
    let recalls = world.cancel_with_recalls("ann", 3).await.expect("two at once, one by a recall").recalls;
    world.answer_recall(&recalls[0].name, 1).await.expect("given back");
    world.ship("ann", 1, 3).await.expect("shipped");
    super::shipping::bring_back(world, "ann", 2).await;
    world.cancel("gift", 1, 1).await.expect("cancelled");

    let refunds = world.refunds("ann").await;
    let units = |basis: RefundBasis| -> Vec<i64> {
        refunds.iter().filter(|refund| refund.basis() == basis).map(|refund| refund.quantity).collect()
    };
    assert_eq!(units(RefundBasis::Cancelled), [2, 1, 2, 1]);
    assert_eq!(units(RefundBasis::Returned), [2]);
    assert!(refunds.iter().all(|refund| refund.unit_price == Some(money(5))));
    let gift = world.refunds("gift").await;
    assert_eq!((gift[0].quantity, &gift[0].unit_price, &gift[0].amount), (1, &None, &None));
    world.books_balance().await;
}

pub async fn nothing_is_given_back_for_a_quote(world: &World) {
    world.mug_at_main().await;
    world.draft("ann").line("mug", 5).quote(600).await.expect("quoted");
    world.cancel("ann", 1, 2).await.expect("cancelled");
    assert_eq!(world.refunds("ann").await, []);
    world.books_balance().await;
}

/// One wait ends in a question, another in a cancellation.
pub async fn two_waits_end(world: &World) {
    ann_waits(world, |policy| policy.answer_days = 90).await;
    world
        .policy("short", |policy| {
            policy.acceptable_wait_days = Some(2);
            policy.customer_tier = "SHORT".to_owned();
            policy.after_wait = AfterWait::Cancel.into();
        })
        .await;
    world.draft("bob").tier("SHORT").line("mug", 3).place().await.expect("placed");
    world.end_of(world.day(2));
}

/// What became of them, however often the clock has looked.
pub async fn two_waits_have_ended(world: &World) {
    eventually("bob's wait is over", || async { world.line("bob", 1).await.cancelled == 3 }).await;
    world.asked("ann").await;
    for day in [1, 2, 3] {
        world.end_of(world.day(day));
        // Who is asked later shows that the clock has looked.
        let later = format!("later-{day}");
        let late = world.place(&later, "mug", 1).await;
        assert_eq!(late.lines[0].open, 1);
        world.end_of(world.day(2));
        world.asked(&later).await;
    }
    assert_eq!(world.questions("ann").await.len(), 1, "she is asked once");
    let refunds: Vec<i64> = world.refunds("bob").await.iter().map(|refund| refund.quantity).collect();
    assert_eq!(refunds, [3], "and nothing is given back twice");
    world.books_balance().await;
}

trait Numbered {
    fn number(&self) -> i32;
}

impl Numbered for CustomerQuestion {
    fn number(&self) -> i32 {
        self.name.rsplit('/').next().and_then(|number| number.parse().ok()).expect("a number")
    }
}

impl World {
    /// Moves the clock on until a day is just over.
    pub fn end_of(&self, day: civil::Date) {
        let next = day.checked_add(1.day()).expect("a date");
        let end = TimeZone::get(ZONE).expect("a zone").to_timestamp(next.to_datetime(civil::Time::midnight()));
        self.advance(end.expect("an instant").duration_since(self.now()) + jiff::SignedDuration::from_secs(1));
    }

    /// Moves the clock on until a minute before a day is over.
    fn moment_before_the_end_of(&self, day: civil::Date) {
        let next = day.checked_add(1.day()).expect("a date");
        let end = TimeZone::get(ZONE).expect("a zone").to_timestamp(next.to_datetime(civil::Time::midnight()));
        self.advance(end.expect("an instant").duration_since(self.now()) - jiff::SignedDuration::from_mins(1));
    }

    /// All questions about the first line of an order.
    pub async fn questions(&self, order: &str) -> Vec<CustomerQuestion> {
        let request = ListQuestionsRequest { line: self.line_name(order, 1), ..Default::default() };
        self.allocation.consents.clone().list_questions(request).await.expect("listed").into_inner().questions
    }

    /// The question that is pending about the first line of an order, as soon as there is one.
    pub async fn asked(&self, order: &str) -> CustomerQuestion {
        eventually("the customer is asked", || async { !self.line(order, 1).await.question.is_empty() }).await;
        self.questions(order).await.into_iter().next_back().expect("a question")
    }

    fn answer_request(&self, about: &str, answer: Answer) -> RecordAnswerRequest {
        RecordAnswerRequest {
            request_id: request_id(),
            name: about.to_owned(),
            answer: Some(answer),
            context: because("customer-called"),
        }
    }

    async fn record(&self, request: RecordAnswerRequest) -> Result<RecordAnswerResponse, Status> {
        Ok(self.allocation.consents.clone().record_answer(request).await?.into_inner())
    }

    /// The customer waits on until a day.
    pub async fn consents(&self, about: &str, until: civil::Date) -> Result<RecordAnswerResponse, Status> {
        self.record(self.answer_request(about, Answer::ConsentUntil(date(until)))).await
    }

    /// The customer does not wait on.
    pub async fn declines(&self, about: &str) -> Result<RecordAnswerResponse, Status> {
        self.record(self.answer_request(about, Answer::Decline(true))).await
    }

    /// What is to be given back of the first line of an order.
    pub async fn refunds(&self, order: &str) -> Vec<Refund> {
        let request = ListRefundsRequest { line: self.line_name(order, 1), ..Default::default() };
        self.allocation.refunds.clone().list_refunds(request).await.expect("listed").into_inner().refunds
    }
}
