//! The two functions of the score variance on which a prediction depends, `P(q) = r_2(s)` and
//! `Q(q) = r_2(s) + 6 r_3(s) - 6 E P_2^2(s)` at `q = s^2` (theory T3), at one prompt length.

pub(super) mod curve;
pub(super) mod table;
