(* The three bounds of T4 grow with A2, A4, F0, F4 and rho, so upper estimates of
   these moments give valid bounds.  The bounds of T5 grow with A2, rho and kap, so
   upper estimates of these do too, whichever of the two forms of the inverse
   moments is used. *)
From Coq Require Import Reals Lra Psatz.
From AttentionBounds.foundation Require Import exponential_bounds.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.laplace Require Import inverse_power.
Local Open Scope R_scope.

Lemma inverse_pos_le c A B : 0 < c -> A <= B -> A / c <= B / c.
Proof. intros Hc H. apply Rmult_le_compat_r; auto. left; now apply Rinv_0_lt_compat. Qed.

(* e^{-c/rho} grows with rho *)
Lemma exp_inverse_le c k r s : 0 <= c -> 0 < k -> 0 < r -> r <= s ->
  exp (- c / (k * r)) <= exp (- c / (k * s)).
Proof.
  intros Hc Hk Hr Hs.
  assert (H : - c / (k * r) <= - c / (k * s)).
  { unfold Rdiv. rewrite !Ropp_mult_distr_l_reverse. apply Ropp_le_contravar.
    apply Rmult_le_compat_l; auto. apply Rinv_le_contravar; nra. }
  destruct H as [H|H]; [left; now apply exp_increasing | rewrite H; lra].
Qed.

Lemma missing_term_le L del F F' r r' : 1 < L -> 0 <= F -> F <= F' -> 0 < r -> r <= r' ->
  L * F * exp (- (del * L - 1)^2 / (2 * (L - 1) * r)) <=
  L * F' * exp (- (del * L - 1)^2 / (2 * (L - 1) * r')).
Proof.
  intros HL HF HFF Hr Hrr.
  assert (HE := exp_inverse_le ((del * L - 1)^2) (2 * (L - 1)) r r' (pow2_ge_0 _) ltac:(lra) Hr Hrr).
  pose proof (exp_pos (- (del * L - 1)^2 / (2 * (L - 1) * r))).
  apply Rmult_le_compat; try nra.
Qed.

Lemma chernoff_bound_monotone A2 A2' F F' r r' L del : 1 < L -> del < 1 ->
  A2 <= A2' -> 0 <= F -> F <= F' -> 0 < r -> r <= r' ->
  chernoff_bound A2 F r L del <= chernoff_bound A2' F' r' L del.
Proof.
  intros HL Hd HA HF HFF Hr Hrr. unfold chernoff_bound. apply Rplus_le_compat.
  - apply inverse_pos_le; auto. apply Rmult_lt_0_compat; [apply pow_lt|]; lra.
  - now apply missing_term_le.
Qed.

Lemma chernoff_tail_bound_monotone A2 A2' r r' L del eps : 0 < L -> del < 1 -> 0 < eps ->
  A2 <= A2' -> 0 < r -> r <= r' ->
  chernoff_tail_bound A2 r L del eps <= chernoff_tail_bound A2' r' L del eps.
Proof.
  intros HL Hd He HA Hr Hrr. unfold chernoff_tail_bound. apply Rplus_le_compat.
  - apply inverse_pos_le; auto. repeat apply Rmult_lt_0_compat; try apply pow_lt; lra.
  - apply exp_inverse_le; try lra. pose proof (pow2_ge_0 del). nra.
Qed.

Lemma chernoff_fourth_bound_monotone A4 A4' A2 A2' F F' r r' L del : 1 < L -> del < 1 ->
  A4 <= A4' -> 0 <= A2 -> A2 <= A2' -> 0 <= F -> F <= F' -> 0 < r -> r <= r' ->
  chernoff_fourth_bound A4 A2 F r L del <= chernoff_fourth_bound A4' A2' F' r' L del.
Proof.
  intros HL Hd HA4 H0 HA2 HF HFF Hr Hrr. unfold chernoff_fourth_bound. apply Rplus_le_compat.
  - apply inverse_pos_le; [apply pow_lt; lra|]. apply Rplus_le_compat.
    + apply inverse_pos_le; auto. apply pow_lt; lra.
    + apply inverse_pos_le; [apply pow_lt; lra|]. pose proof (pow_incr A2 A2' 2 (conj H0 HA2)). lra.
  - now apply missing_term_le.
Qed.

(* Q_k(x) decreases *)
Lemma upper_gamma_ratio_decreasing k x y : 0 <= x <= y -> upper_gamma_ratio k y <= upper_gamma_ratio k x.
Proof.
  intros H. pose proof (inverse_power_tail_decreasing k x y 1 Rlt_0_1 H) as K.
  rewrite !inverse_power_tail_gamma, pow1, Rinv_1, !Rmult_1_l, !Rmult_1_r in K by lra. exact K.
Qed.

Lemma upper_gamma_ratio_ge0 k x : 0 <= x -> 0 <= upper_gamma_ratio k x.
Proof.
  intros H. pose proof (inverse_power_tail_ge0 k x 1 Rlt_0_1 H) as K.
  rewrite inverse_power_tail_gamma, pow1, Rinv_1, Rmult_1_l, Rmult_1_r in K by lra. exact K.
Qed.

Lemma quotient_le c r s : 0 <= c -> 0 < r <= s -> c / s <= c / r.
Proof. intros Hc Hr. apply Rmult_le_compat_l; auto. apply Rinv_le_contravar; lra. Qed.

Section Monotone.
Variables (k : nat) (n rho rho' kap kap' th : R).
Hypothesis k_pos : 0 < INR k.
Hypothesis k_le_n : INR k <= n.
Hypothesis rho_le : 0 < rho <= rho'.
Hypothesis kap_le : 0 <= kap <= kap'.
Hypothesis th_le : 0 < th <= 1.

Lemma geometric_power_le : 0 <= (kap / INR k) ^ k <= (kap' / INR k) ^ k.
Proof.
  assert (0 < / INR k) by now apply Rinv_0_lt_compat.
  assert (0 <= kap / INR k) by (apply Rmult_le_pos; lra).
  split; [now apply pow_le|]. apply pow_incr. split; auto. apply Rmult_le_compat_r; lra.
Qed.

Lemma inverse_moment_split_bound_ge0 form : 0 <= inverse_moment_split_bound form k n rho kap th.
Proof.
  destruct geometric_power_le as [G0 _].
  assert (P : forall c, 0 < c -> 0 <= / c ^ k) by (intros; left; now apply Rinv_0_lt_compat, pow_lt).
  assert (E : forall y, 0 <= (kap / INR k) ^ k * exp y).
  { intros y. apply Rmult_le_pos; auto. left; apply exp_pos. }
  pose proof (P (n * (1 - th / 2)) ltac:(nra)).
  destruct form; cbn [inverse_moment_split_bound].
  - unfold inverse_moment_bound. apply Rplus_le_le_0_compat; auto.
  - unfold inverse_moment_two_split_bound. repeat apply Rplus_le_le_0_compat; auto.
    apply Rmult_le_pos; [apply P; lra|]. apply upper_gamma_ratio_ge0.
    apply Rmult_le_pos; [nra|]. left; apply Rinv_0_lt_compat; lra.
Qed.

Lemma inverse_moment_split_bound_monotone form :
  inverse_moment_split_bound form k n rho kap th <= inverse_moment_split_bound form k n rho' kap' th.
Proof.
  destruct geometric_power_le as [G0 G].
  destruct form; cbn [inverse_moment_split_bound].
  - unfold inverse_moment_bound. apply Rplus_le_compat_l.
    apply Rmult_le_compat; auto; [left; apply exp_pos|]. apply exp_le_compat, Ropp_le_contravar.
    apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; [lra|]. apply quotient_le; lra.
  - unfold inverse_moment_two_split_bound. apply Rplus_le_compat; [apply Rplus_le_compat_l|].
    + apply Rmult_le_compat_l; [left; apply Rinv_0_lt_compat, pow_lt; lra|].
      apply upper_gamma_ratio_decreasing. split.
      * apply Rmult_le_pos; [nra|]. left; apply Rinv_0_lt_compat; lra.
      * apply quotient_le; nra.
    + apply Rmult_le_compat; auto; [left; apply exp_pos|]. apply exp_le_compat, Ropp_le_contravar.
      apply quotient_le; lra.
Qed.
End Monotone.

Lemma laplace_split_bound_monotone c2 c4 A2 A2' rho rho' kap kap' L th2 th4 :
  6 <= L -> 0 <= A2 <= A2' -> 0 < rho <= rho' -> 0 <= kap <= kap' -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  laplace_split_bound c2 c4 A2 rho kap L th2 th4 <= laplace_split_bound c2 c4 A2' rho' kap' L th2 th4.
Proof.
  intros HL HA Hr Hk H2 H4. unfold laplace_split_bound.
  assert (K2 : INR 2 = 2) by (simpl; ring). assert (K4 : INR 4 = 4) by (simpl; ring).
  pose proof (inverse_moment_split_bound_monotone 2 (L - 1) rho rho' kap kap' th2) as M2.
  pose proof (inverse_moment_split_bound_monotone 4 (L - 2) rho rho' kap kap' th4) as M4.
  rewrite K2 in M2. rewrite K4 in M4.
  specialize (M2 ltac:(lra) ltac:(lra) Hr Hk H2 c2). specialize (M4 ltac:(lra) ltac:(lra) Hr Hk H4 c4).
  assert (Q2 : 0 <= inverse_moment_split_bound c2 2 (L - 1) rho kap th2)
    by (apply inverse_moment_split_bound_ge0 with (rho' := rho') (kap' := kap'); rewrite ?K2; auto; lra).
  assert (Q4 : 0 <= inverse_moment_split_bound c4 4 (L - 2) rho kap th4)
    by (apply inverse_moment_split_bound_ge0 with (rho' := rho') (kap' := kap'); rewrite ?K4; auto; lra).
  assert (HLL : 0 <= 6 * L * (L - 1)) by nra.
  apply Rmult_le_compat; [lra| |lra|].
  - apply Rplus_le_le_0_compat; repeat apply Rmult_le_pos; lra.
  - apply Rplus_le_compat; [apply Rmult_le_compat_l; lra|].
    apply Rmult_le_compat; auto.
    + apply Rmult_le_pos; lra.
    + apply Rmult_le_compat_l; lra.
Qed.
