(** * Certificates: a bound, at rational arguments, is at most a decimal

    A generated certificate is a lemma of one of the shapes

<<
      Lemma certificate_1 :
        chernoff_bound (1234/1000) (5/2) (13/10) 1024 (3/10) <= 8957/1000000.
      Proof. certify. Qed.

      Lemma certificate_2 :
        gaussian_laplace_bound 30 2 1 1000000 (1/2) <= 3.
      Proof. certify_trivial. Qed.
>>

    What a generator must emit:
    - arguments as exact rationals: integers, or quotients [p/q] of integers
      (an f64 is the quotient of an integer by a power of two); a negative
      number in parentheses, [(-3)];
    - lists as [(nu_1 :: nu_2 :: nil)];
    - where the bound has a choice of one or two splits, [one_split] or
      [two_splits];
    - the decimal as a quotient [p/q], already rounded up by the generator; it
      must exceed the bound by a relative 10^-12 or more (64 bits are used);
    - [Proof. certify. Qed.], or [certify_bits 256%positive.] where a small argument makes
      terms cancel, for every function of bounds_definitions.v, where
      a minimum with 1 (participation, gaussian_laplace) means its second
      argument; [Proof. certify_trivial. Qed.] when the minimum is 1.

    A certificate is about the number alone: that the arguments lie in the
    ranges of the theorem (1/L < del < 1, 0 < th <= 1, the least L, ...) is a
    hypothesis of the theorem, not of the certificate.

    The proof is by interval arithmetic on floating-point numbers made of
    binary integers, computed inside Coq: the certificate rests on the axioms
    of the real numbers only (no primitive floats, no native integers).  A
    false inequality is rejected at [Qed] (or already by [certify]). *)
From Coq Require Import Reals List Lra.
From Interval.Real Require Import Xreal.
From Interval.Float Require Import Basic Sig Specific_stdz Specific_ops.
From Interval.Interval Require Import Interval Float Float_full.
From Interval.Tactics Require Import Interval_helper.
From AttentionBounds.foundation Require Import exponential_bounds.
From AttentionBounds.certificate Require Import bounds_definitions.
Local Open Scope R_scope.

Module IntegerFloat := SpecificFloat StdZRadix2.
Module IntegerInterval := FloatIntervalFull IntegerFloat.
Module IntegerTactic := IntervalTacticAux IntegerInterval.

(** ** Minima with 1 *)

Lemma participation_le_inverse_moment form rho kap L th c :
  L * rho * inverse_moment_split_bound form 2 (L - 1) rho kap th <= c ->
  participation_split_bound form rho kap L th <= c.
Proof. intros H. eapply Rle_trans; [apply Rmin_r|exact H]. Qed.

Lemma participation_le_one form rho kap L th c :
  1 <= c -> participation_split_bound form rho kap L th <= c.
Proof. intros H. eapply Rle_trans; [apply Rmin_l|exact H]. Qed.

Lemma gaussian_laplace_le_inverse_moment form s2 tau eta L th c :
  0 <= tau + eta ->
  (tau + eta) * (L * exp s2 * inverse_moment_split_bound form 2 (L - 1) (exp s2) (exp s2) th) <= c ->
  gaussian_laplace_split_bound form s2 tau eta L th <= c.
Proof.
  intros H0 H. eapply Rle_trans; [|exact H].
  apply Rmult_le_compat_l; [exact H0|apply Rmin_r].
Qed.

Lemma gaussian_laplace_le_trivial form s2 tau eta L th c :
  0 <= tau + eta -> tau + eta <= c -> gaussian_laplace_split_bound form s2 tau eta L th <= c.
Proof.
  intros H0 H. eapply Rle_trans; [|exact H].
  unfold gaussian_laplace_split_bound.
  apply Rle_trans with ((tau + eta) * 1); [|rewrite Rmult_1_r; apply Rle_refl].
  apply Rmult_le_compat_l; [exact H0|apply Rmin_l].
Qed.

(** ** The tactics *)

Ltac unfold_bounds :=
  cbv beta iota zeta delta
    [ chernoff_bound chernoff_tail_bound chernoff_fourth_bound
      inverse_moment_bound inverse_moment_two_split_bound inverse_moment_split_bound
      upper_gamma_ratio exponential_sum laplace_bound laplace_split_bound
      gaussian_chernoff_bound gaussian_general_laplace_bound
      gaussian_general_laplace_split_bound list_sum norm_mgf_bound
      tilted_mean_square_bound subgaussian_A2 subgaussian_F0
      subgaussian_chernoff_bound subgaussian_laplace_bound subgaussian_laplace_split_bound
      crude_bound INR fact Nat.mul Nat.add fold_right map ].

(** Numbers of [bits] bits, no bisection; the verification is left to [Qed].  The coarse
    variant, 16 bits, verifies at once: it tests side conditions. *)
Ltac coarse_interval :=
  IntegerTactic.do_interval (@None R) (@nil R) (IntegerFloat.PtoP 16)
    0%nat 0%nat false false itm_naive.
Ltac integer_interval bits :=
  IntegerTactic.do_interval (@None R) (@nil R) (IntegerFloat.PtoP bits)
    0%nat 0%nat false true itm_naive.

(** An exponential of less than -100000 is replaced by an unknown of
    [0, e^-100000]: the exponents met in practice go down to -10^15, and adding a
    number of that size to another one exactly would need 10^15 bits.  Exponents
    above -100000 are evaluated (that takes 0.05 s at most). *)
Lemma exp_underflow y : y <= - (100000) -> 0 <= exp y <= exp (- (100000)).
Proof. intros H. split; [left; apply exp_pos|now apply exp_le_compat]. Qed.

Ltac underflow e :=
  let H := fresh in
  assert (H : e <= - (100000)) by coarse_interval;
  generalize (exp e) (exp_underflow _ H); clear H; intros ? ?.
Ltac replace_underflow :=
  repeat match goal with
  | |- context [exp (- ?u / ?v)] => underflow (- u / v)
  | |- context [exp (- ?u)] => underflow (- u)
  end.

(** The tactics of a certificate. *)
Ltac certify_sum bits := unfold_bounds; replace_underflow; integer_interval bits.
Ltac certify_bits bits :=
  unfold participation_bound, gaussian_laplace_bound;
  lazymatch goal with
  | |- participation_split_bound _ _ _ _ _ <= _ =>
      apply participation_le_inverse_moment; certify_sum bits
  | |- gaussian_laplace_split_bound _ _ _ _ _ _ <= _ =>
      apply gaussian_laplace_le_inverse_moment; [lra | certify_sum bits]
  | |- _ => certify_sum bits
  end.
Ltac certify := certify_bits 64%positive.

Ltac certify_trivial :=
  unfold participation_bound, gaussian_laplace_bound;
  first [ apply participation_le_one; lra
        | apply gaussian_laplace_le_trivial; lra ].
