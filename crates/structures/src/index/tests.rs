//! Both indices, and the tree with nodes so small that it is deep, against a sorted vector.

use proptest::prelude::*;

use super::skiplist::SkipList;
use super::*;
use crate::item::Item;
use crate::keytable::Seed;
use crate::ranked::Ranked;

type DeepTree = Tree<Item, 4, 4>;
type Model = Vec<(f64, Vec<u8>)>;

#[derive(Clone, Debug)]
enum Step {
    Set(u16, f64),
    Add(u16, f64),
    Remove(u16),
    Cut(usize, usize),
}

fn member(n: u16) -> Vec<u8> {
    let mut member = format!("m{n}").into_bytes();
    member.resize(member.len() + usize::from(n % 7), b'\0');
    member
}

fn scores() -> impl Strategy<Value = f64> {
    let few = (-4i32..4).prop_map(f64::from);
    let odd = prop::sample::select(vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 1e-310, 0.1, 1e300]);
    let near = (0u32..50).prop_map(|n| 1.0 + f64::from(n) * 1e-12);
    prop_oneof![4 => few, 1 => odd, 2 => near, 3 => (0u32..1000).prop_map(f64::from), 1 => -1e9f64..1e9]
}

fn steps(members: u16, count: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0..members, scores()).prop_map(|(n, score)| Step::Set(n, score)),
        2 => (0..members, -2.0f64..2.0).prop_map(|(n, by)| Step::Add(n, by)),
        5 => (0..members).prop_map(Step::Remove),
        1 => (0..usize::from(members), 0usize..40).prop_map(|(from, len)| Step::Cut(from, len)),
    ];
    prop::collection::vec(step, 0..count)
}

fn place(model: &Model, score: f64, member: &[u8]) -> usize {
    model.partition_point(|(s, m)| (key_of(*s), m.as_slice()) < (key_of(score), member))
}

fn set(model: &mut Model, member: &[u8], score: f64) {
    let old = model.iter().position(|(_, m)| m == member);
    if old.is_some_and(|at| model[at].0 == score) {
        return;
    }
    old.map(|at| model.remove(at));
    let at = place(model, score, member);
    model.insert(at, (score, member.to_vec()));
}

fn apply<I: OrderedIndex<Item>>(set_: &mut Ranked<I>, model: &mut Model, step: &Step) {
    match *step {
        Step::Set(n, score) => {
            set_.update(&member(n), |_| Some(score));
            set(model, &member(n), score);
        }
        Step::Add(n, by) => {
            let old = model.iter().find(|(_, m)| *m == member(n)).map(|(score, _)| *score);
            set_.update(&member(n), |score| {
                assert_eq!(score, old);
                Some(score? + by)
            });
            if let Some(old) = old {
                set(model, &member(n), old + by);
            }
        }
        Step::Remove(n) => {
            let at = model.iter().position(|(_, m)| *m == member(n));
            assert_eq!(set_.remove(&member(n)), at.map(|at| model.remove(at).0));
        }
        Step::Cut(from, len) => {
            let mut gone = Vec::new();
            set_.cut(from..from + len, |member, score| gone.push((score, member.to_vec())));
            let end = (from + len).min(model.len());
            assert_eq!(gone, model.drain(from.min(end)..end).collect::<Vec<_>>());
        }
    }
}

fn agree<I: OrderedIndex<Item>>(set: &Ranked<I>, model: &Model) {
    set.verify();
    let all: Model = set.range(0..usize::MAX).map(|item| (item.score(), item.member().to_vec())).collect();
    assert_eq!(&all, model);
    for (rank, (score, member)) in model.iter().enumerate() {
        assert_eq!(set.rank(member), Some((rank, *score)));
        assert_eq!(set.nth(rank).map(Item::key), Some(member.as_slice()));
        let low = model.partition_point(|(s, _)| s < score);
        let high = model.partition_point(|(s, _)| s <= score);
        assert_eq!(set.position(Bound::Score(*score)), low);
        assert_eq!(set.position(Bound::AfterScore(*score)), high);
    }
    assert!(set.nth(model.len()).is_none());
    for (from, to) in [(0, 3), (1, model.len()), (model.len() / 2, model.len() / 2 + 9), (5, 2)] {
        let ends = from.min(model.len()).min(to)..to.min(model.len());
        let expected: Vec<&[u8]> = model[ends].iter().map(|(_, m)| m.as_slice()).collect();
        let forward: Vec<&[u8]> = set.range(from..to).map(Item::key).collect();
        let mut backward: Vec<&[u8]> = set.range(from..to).rev().map(Item::key).collect();
        backward.reverse();
        assert_eq!((&forward, &backward), (&expected, &expected));
        let (mut walk, mut both) = (set.range(from..to), Vec::new());
        while let (Some(first), last) = (walk.next(), walk.next_back()) {
            both.push(first.key());
            both.extend(last.map(Item::key));
        }
        assert_eq!(both.len(), expected.len());
    }
    for bound in [-0.0, 0.5, f64::INFINITY, f64::NEG_INFINITY, 1.0 + 3e-12] {
        assert_eq!(set.position(Bound::Score(bound)), model.partition_point(|(s, _)| *s < bound));
        assert_eq!(set.position(Bound::AfterScore(bound)), model.partition_point(|(s, _)| *s <= bound));
        assert_eq!(set.position(Bound::Element(bound, b"m2")), place(model, bound, b"m2"));
    }
}

fn history<I: OrderedIndex<Item>>(steps: &[Step]) {
    let (mut set, mut model) = (Ranked::<I>::new(Seed { k0: 1, k1: 2 }), Model::new());
    for (n, step) in steps.iter().enumerate() {
        apply(&mut set, &mut model, step);
        if n % (1 + set.len() / 4) == 0 {
            set.verify();
        }
    }
    agree(&set, &model);
    agree(&set.clone(), &model);
    set.cut(0..usize::MAX, |_, _| {});
    agree(&set, &Model::new());
}

/// Where all scores are the same, members bound ranges.
fn lexical<I: OrderedIndex<Item>>(members: &[u16]) {
    let (mut set, mut model) = (Ranked::<I>::new(Seed { k0: 1, k1: 2 }), Vec::new());
    for n in members {
        set.update(&member(*n), |_| Some(-0.0));
        model.push(member(*n));
    }
    model.sort();
    model.dedup();
    for n in 0..400 {
        let bound = member(n);
        assert_eq!(set.position(Bound::Member(&bound)), model.partition_point(|m| *m < bound));
        assert_eq!(set.position(Bound::AfterMember(&bound)), model.partition_point(|m| *m <= bound));
    }
    set.verify();
}

fn orderly<I: OrderedIndex<Item>>() {
    let rising: Vec<f64> = (0..3000).map(f64::from).collect();
    let falling: Vec<f64> = rising.iter().rev().copied().collect();
    for scores in [rising, falling] {
        let mut set = Ranked::<I>::new(Seed { k0: 1, k1: 2 });
        for (n, score) in scores.iter().enumerate() {
            set.update(&member(n as u16), |_| Some(*score));
        }
        set.verify();
        for n in 0..3000 {
            assert_eq!(set.rank(&member(n)).map(|(rank, _)| rank), Some(scores[usize::from(n)] as usize));
        }
        for n in (0..3000).filter(|n| n % 3 != 0) {
            set.remove(&member(n));
        }
        set.verify();
        for n in 0..1000 {
            set.cut(0..1, |_, score| assert_eq!(score, f64::from(3 * n + 2 * u32::from(scores[0] > 0.0))));
        }
        assert!(set.is_empty());
    }
}

macro_rules! every_index {
    ($($name:ident: $index:ty;)*) => {$(
        mod $name {
            use super::*;

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(96))]

                #[test]
                fn agrees_with_a_sorted_vector(steps in steps(60, 400)) {
                    history::<$index>(&steps);
                }

            }

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(12))]

                #[test]
                fn agrees_when_it_is_large(steps in steps(4000, 3000)) {
                    history::<$index>(&steps);
                }

                #[test]
                fn members_bound_ranges_of_one_score(members in prop::collection::vec(0u16..400, 0..300)) {
                    lexical::<$index>(&members);
                }
            }

            #[test]
            fn elements_may_come_and_go_in_order() {
                orderly::<$index>();
            }
        }
    )*};
}

every_index! {
    tree: Tree<Item>;
    deep_tree: DeepTree;
    skip_list: SkipList<Item>;
}

#[test]
fn keys_have_the_order_of_scores() {
    let scores = [f64::NEG_INFINITY, -1e300, -1.5, -1e-310, 0.0, 1e-310, 0.1, 1.0, 2.0, 1e300, f64::INFINITY];
    assert!(scores.windows(2).all(|pair| key_of(pair[0]) < key_of(pair[1])));
    assert_eq!(key_of(-0.0), key_of(0.0));
    assert!(key_of(f64::INFINITY) < u64::MAX);
}

#[test]
fn a_leaf_is_a_class_of_the_allocator() {
    assert_eq!(size_of::<leaf::Leaf<Item, 102>>(), 1024);
}

#[test]
fn leaves_are_filled_well() {
    let mut set = Ranked::<Tree<Item>>::new(Seed { k0: 1, k1: 2 });
    let mut dice = 1u64;
    for n in 0..60_000u32 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        set.update(&n.to_le_bytes(), |_| Some((dice >> 44) as f64));
    }
    let items: usize = set.iter().map(Item::memory).sum();
    let per_element = (set.memory() - items - set.items().memory()) as f64 / 60_000.0;
    assert!(per_element < 13.8, "{per_element}");
}
