(* The three bounds of T4 grow with A2, A4, F0, F4 and rho, so upper estimates of
   these moments give valid bounds. *)
From Coq Require Import Reals Lra Psatz.
From AttentionBounds Require Import bounds_definitions.
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
