//! The little DER that the certificate parser doesn't hand out: the raw bytes that a signature
//! verifier wants to see.

/// One element: what it is, and what is in it.
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Header and content.
    pub(super) whole: &'a [u8],
}

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const BIT_STRING: u8 = 0x03;

/// Reads one element off the front and returns it with what follows.
pub(super) fn read(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, rest) = rest.split_at_checked(count)?;
        let length = digits.iter().fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit));
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let whole = &input[..input.len() - rest.len()];
    Some((Element { tag, content, whole }, rest))
}

/// Reads one element that must have this tag.
pub(super) fn expect(input: &[u8], tag: u8) -> Option<(Element<'_>, &[u8])> {
    read(input).filter(|(element, _)| element.tag == tag)
}

/// The algorithm and the key of a `SubjectPublicKeyInfo`, given without its outer header.
pub(super) fn public_key(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (algorithm, rest) = expect(content, SEQUENCE)?;
    let (bits, _) = expect(rest, BIT_STRING)?;
    let (&unused, key) = bits.content.split_first()?;
    (unused == 0).then_some((algorithm.content, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_lengths() {
        let (element, rest) = read(&[0x04, 2, 7, 8, 9]).unwrap();
        assert_eq!((element.content, rest), (&[7, 8][..], &[9][..]));
        let mut long = vec![0x04, 0x81, 200];
        long.extend([1; 200]);
        let (element, rest) = read(&long).unwrap();
        assert_eq!((element.content.len(), element.whole.len(), rest.len()), (200, 203, 0));
    }

    #[test]
    fn what_is_cut_short_is_nothing() {
        for broken in
            [&[][..], &[4], &[4, 2, 1], &[4, 0x80], &[4, 0x85, 0, 0, 0, 0, 1], &[4, 0x82, 1]]
        {
            assert!(read(broken).is_none(), "{broken:?}");
        }
    }
}
