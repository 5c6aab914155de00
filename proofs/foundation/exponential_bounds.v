(* Elementary inequalities for the exponential:
     1 + x <= e^x,   1 + x + x^2/2 <= e^x and e^{-x} <= 1 - x + x^2/2 for x >= 0,
   and the value of the Chernoff exponent at its optimum. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
Local Open Scope R_scope.

Lemma exp_ge_1x (x : R) : 1 + x <= exp x.
Proof. destruct (Req_dec x 0) as [->|]; [rewrite exp_0; lra|]. left; apply exp_ineq1; auto. Qed.

Lemma exp_le_compat (x y : R) : x <= y -> exp x <= exp y.
Proof. intros [H| ->]; [left; now apply exp_increasing|apply Rle_refl]. Qed.

Lemma exp_quad x : 0 <= x -> 1 + x + x^2/2 <= exp x.
Proof.
  intros [Hx|<-]; [|rewrite exp_0; lra].
  pose (g := fun y => exp y - (1 + y + y^2/2)).
  assert (D : forall c, 0 <= c <= x -> derivable_pt_lim g c (exp c - (1 + c))).
  { intros c _. unfold g.
    apply derivable_pt_lim_minus; [apply derivable_pt_lim_exp|].
    replace (1 + c) with ((0 + 1) + (INR 2 * c^1) * / 2) by (simpl; field).
    apply derivable_pt_lim_plus.
    - apply derivable_pt_lim_plus; [apply derivable_pt_lim_const | apply derivable_pt_lim_id].
    - replace (INR 2 * c ^ 1 * / 2) with (INR 2 * c^1 * /2 + c^2 * 0) by ring.
      apply (derivable_pt_lim_mult (fun y => y^2) (fun _ => /2)).
      + apply (derivable_pt_lim_pow c 2).
      + apply derivable_pt_lim_const. }
  destruct (MVT_cor2 g (fun c => exp c - (1 + c)) 0 x Hx D) as [c [E [Hc1 Hc2]]].
  assert (g 0 = 0) by (unfold g; rewrite exp_0; lra).
  pose proof (exp_ge_1x c).
  assert (0 <= g x) by nra. unfold g in *. lra.
Qed.

Lemma exp_neg_quad x : 0 <= x -> exp (- x) <= 1 - x + x^2/2.
Proof.
  intros Hx. rewrite exp_Ropp. pose proof (exp_quad x Hx) as H.
  assert (0 < 1 - x + x^2/2) by nra.
  apply Rle_trans with (/ (1 + x + x^2/2)).
  - apply Rinv_le_contravar; nra.
  - apply Rmult_le_reg_l with (1 + x + x^2/2); [nra|]. rewrite Rinv_r by nra. nra.
Qed.

Lemma exp_pow (x : R) (n : nat) : exp x ^ n = exp (INR n * x).
Proof.
  induction n as [|n IH]; [simpl; now rewrite Rmult_0_l, exp_0|].
  rewrite S_INR. simpl. rewrite IH, <- exp_plus. f_equal; ring.
Qed.

(* With t = (n Z - T) / (n M) the Chernoff factor e^{tT} (e^{-tZ + t^2 M/2})^n
   equals e^{-(nZ - T)^2 / (2 n M)}. *)
Lemma chernoff_optimum (n : nat) (Z M T : R) : (0 < n)%nat -> 0 < M ->
  let t := (INR n * Z - T) / (INR n * M) in
  exp (t * T) * exp (- t * Z + t^2 * M / 2) ^ n
  = exp (- (INR n * Z - T)^2 / (2 * INR n * M)).
Proof.
  intros Hn HM t. assert (Hr : 0 < INR n) by now apply lt_0_INR.
  rewrite exp_pow, <- exp_plus. f_equal. unfold t. field. split; lra.
Qed.
