//! The worked example of the strategies, and its exception.

use super::{rule_tests::*, *};

/// Supply 100 on day 0 and 50 on day 5; all is requested for day 0.
fn requirements(winner: i64) -> Scene {
    Scene::new(&[(0, 0, 100), (0, 5, 50)])
        .line(Strategy::Win, winner, &[(0, 20)])
        .line(Strategy::Gain, 30, &[(0, 30)])
        .line(Strategy::Redistribute, 50, &[])
        .line(Strategy::Redistribute, 40, &[(0, 40)])
        .line(Strategy::Fill, 20, &[(0, 10)])
        .line(Strategy::Lose, 30, &[])
}

#[test]
fn every_strategy_gets_what_its_rule_says() {
    let scene = requirements(40);
    let plan = scene.run();
    assert!(plan.exceptions.is_empty());
    let expected: [&[(i32, i64)]; 6] = [&[(0, 40)], &[(0, 30)], &[(0, 30), (5, 20)], &[(5, 30)], &[], &[]];
    for (index, expected) in (0..).zip(expected) {
        assert_eq!(scene.confirmed(&plan, index), expected, "R{}", index + 1);
    }
    let reasons: Vec<Reason> = plan.outcomes.iter().map(|outcome| outcome.reason).collect();
    use Reason::{Improved, Unchanged, Worsened};
    assert_eq!(reasons, [Improved, Unchanged, Improved, Worsened, Worsened, Unchanged]);
    let open = [None, None, Some(Constraint::Supply), Some(Constraint::Supply), Some(Constraint::Supply)];
    assert_eq!(plan.outcomes[..5].iter().map(|outcome| outcome.binding).collect::<Vec<_>>(), open);
    assert_eq!(plan.outcomes[5].binding, Some(Constraint::Strategy));
    let change = plan.change(&scene.demand, 3);
    assert_eq!(change, plan::Change { quantity: -10, days: Some(5) });
}

#[test]
fn a_winner_that_cannot_win_leaves_its_pool_untouched() {
    let scene = requirements(110);
    let plan = scene.run();
    let missing = PoolException { requirement: 0, kind: ExceptionKind::Win, missing: 10, binding: Constraint::Supply };
    assert_eq!(plan.exceptions, [missing]);
    assert!(plan.outcomes.iter().all(|outcome| outcome.reason == Reason::Discarded));
    assert!(plan.pegs.is_empty());
    assert_eq!(scene.confirmed(&plan, 3), [(0, 40)]);
}
