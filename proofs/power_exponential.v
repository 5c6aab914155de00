(* |x|^q <= q^q (e^x + e^{-x}) for every real x and natural q. *)
From Coq Require Import Reals Lra Lia Psatz.
From AttentionBounds Require Import exponential_bounds.
Local Open Scope R_scope.

(* y <= q e^{y/q}, so y^q <= q^q e^y. *)
Lemma power_le_exponential y q : 0 <= y -> y^q <= INR q ^q * exp y.
Proof.
  intros Hy. destruct q as [|q].
  - simpl. rewrite Rmult_1_l. pose proof (exp_ge_1x y). lra.
  - assert (Hq : 0 < INR (S q)) by (apply lt_0_INR; lia).
    replace (exp y) with (exp (y / INR (S q)) ^ S q).
    + rewrite <- Rpow_mult_distr. apply pow_incr. split; auto.
      pose proof (exp_ge_1x (y / INR (S q))) as H.
      apply Rle_trans with (INR (S q) * (y / INR (S q))); [right; field; lra|].
      apply Rmult_le_compat_l; lra.
    + rewrite exp_pow. f_equal. field. lra.
Qed.

Theorem power_le_exponentials x q : Rabs x ^ q <= INR q ^ q * (exp x + exp (- x)).
Proof.
  apply Rle_trans with (INR q ^ q * exp (Rabs x)); [apply power_le_exponential, Rabs_pos|].
  apply Rmult_le_compat_l; [apply pow_le, pos_INR|].
  pose proof (exp_pos x). pose proof (exp_pos (- x)).
  destruct (Rle_lt_dec 0 x); [rewrite Rabs_pos_eq|rewrite Rabs_left]; lra.
Qed.
