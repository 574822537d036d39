//! Items against the parts they were made of.

use proptest::prelude::*;

use super::*;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        (250usize..262).prop_map(|n| vec![b'x'; n]),
        (0usize..5000).prop_map(|n| vec![b'y'; n]),
    ]
}

#[test]
fn sizes_are_as_drawn() {
    let size = |key: usize, value: Option<usize>, word| {
        ItemBox::new(&vec![b'k'; key], value.map(|n| vec![b'v'; n]).as_deref(), word).memory()
    };
    assert_eq!(size(16, None, None), 24);
    assert_eq!(size(22, None, None), 24);
    assert_eq!(size(22, None, Some(7)), 32);
    assert_eq!(size(13, Some(8), None), 24);
    assert_eq!(size(0, None, None), 8);
}

proptest! {
    #[test]
    fn parts_come_back(
        key in bytes(), value in prop::option::of(bytes()), word in prop::option::of(any::<u64>()),
        values in prop::collection::vec(bytes(), 0..4), words in prop::collection::vec(prop::option::of(any::<u64>()), 0..4),
    ) {
        let mut item = ItemBox::new(&key, value.as_deref(), word);
        item.verify();
        prop_assert_eq!((item.key(), item.value(), item.word()), (&key[..], value.as_deref().unwrap_or_default(), word));
        let mut now = value;
        for other in values {
            item = item.with_value(&other);
            item.verify();
            now = Some(other);
            prop_assert_eq!((item.key(), item.value(), item.word()), (&key[..], now.as_deref().unwrap_or_default(), word));
        }
        for word in words {
            item = item.clone().with_word(word);
            item.verify();
            prop_assert!(item.key_is(&key) && item.value() == now.as_deref().unwrap_or_default());
            prop_assert_eq!(item.word(), word);
        }
    }
}
