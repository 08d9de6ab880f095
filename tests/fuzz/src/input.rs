//! An input: eight bytes that choose, and the bytes that are read.

/// How many bytes of an input choose.
const CHOICES: usize = 8;

/// An input, taken apart.
pub struct Input<'a> {
    choices: [u8; CHOICES],
    /// What is read.
    pub body: &'a [u8],
}

impl<'a> Input<'a> {
    /// Takes an input apart; none if it is too short.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (choices, body) = bytes.split_first_chunk::<CHOICES>()?;
        Some(Self { choices: *choices, body })
    }

    /// A seed for [`Input::read`]: flags, two choices and the body. It is cut into small pieces.
    pub fn seed(flags: u8, choices: [u8; 2], body: &[u8]) -> Vec<u8> {
        let [first, second] = choices;
        [&[flags, first, second, 1, 7, 2, 30, 13], body].concat()
    }

    /// One of eight yes-or-no choices.
    pub fn flag(&self, bit: u8) -> bool {
        self.choices[0] >> bit & 1 == 1
    }

    /// One of some things; none if there are none.
    pub fn choose<'t, T>(&self, choice: usize, things: &'t [T]) -> Option<&'t T> {
        let chosen = usize::from(self.choices[choice % CHOICES]);
        things.get(chosen.checked_rem(things.len())?)
    }

    /// A number of the choices.
    pub fn byte(&self, choice: usize) -> u8 {
        self.choices[choice % CHOICES]
    }

    /// Bytes cut into pieces whose lengths are the last five choices, again and again.
    pub fn pieces<'b>(&self, mut bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut lengths = self.choices[3..].iter().cycle();
        let mut pieces = Vec::new();
        while let (false, Some(length)) = (bytes.is_empty(), lengths.next()) {
            let (piece, rest) = bytes.split_at((usize::from(*length) + 1).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}
