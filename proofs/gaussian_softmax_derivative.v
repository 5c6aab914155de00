(* Derivatives of softmax weights in one variable, in the vocabulary of Reals.

   Scores S_0, ..., S_{L-1} are functions of z; only S_l depends on z, with slope b.
   Then p_m = e^{S_m} / sum_r e^{S_r} has the derivative
     p_m' = b p_m ([m = l] - p_l). *)
From Coq Require Import Reals Lra Lia PeanoNat.
From AttentionBounds Require Import finite_sums.
Local Open Scope R_scope.

Lemma derivable_pt_lim_rsum n (f : nat -> R -> R) (f1 : nat -> R) z :
  (forall i, (i < n)%nat -> derivable_pt_lim (f i) z (f1 i)) ->
  derivable_pt_lim (fun x => rsum n (fun i => f i x)) z (rsum n f1).
Proof.
  induction n as [|n IH]; intros H; simpl.
  - apply derivable_pt_lim_const.
  - apply (derivable_pt_lim_plus (fun x => rsum n (fun i => f i x)) (f n)); auto.
Qed.

Section Softmax.
Variables (L l : nat) (S : nat -> R -> R) (b : R).
Hypothesis l_lt : (l < L)%nat.
Let slope m := if Nat.eqb m l then b else 0.
Hypothesis S_der : forall m z, (m < L)%nat -> derivable_pt_lim (S m) z (slope m).

Definition softmax_total z : R := rsum L (fun m => exp (S m z)).
Definition softmax m z : R := exp (S m z) / softmax_total z.

Lemma softmax_total_pos z : 0 < softmax_total z.
Proof. apply rsum_gt0; [lia|]. intros; apply exp_pos. Qed.

Lemma softmax_pos m z : 0 < softmax m z.
Proof. apply Rdiv_lt_0_compat; [apply exp_pos|apply softmax_total_pos]. Qed.

Lemma softmax_sum z : rsum L (fun m => softmax m z) = 1.
Proof.
  pose proof (softmax_total_pos z). unfold softmax, Rdiv.
  rewrite (rsum_ext L _ (fun m => / softmax_total z * exp (S m z))) by (intros; ring).
  rewrite rsum_scal. fold (softmax_total z). field. lra.
Qed.

Lemma softmax_le_1 m z : (m < L)%nat -> softmax m z <= 1.
Proof.
  intros Hm. rewrite <- (softmax_sum z).
  apply (rsum_term_le L (fun m => softmax m z) m); auto. intros; left; apply softmax_pos.
Qed.

Lemma softmax_total_der z : derivable_pt_lim softmax_total z (b * exp (S l z)).
Proof.
  replace (b * exp (S l z)) with (rsum L (fun m => exp (S m z) * slope m)).
  - apply (derivable_pt_lim_rsum L (fun m x => exp (S m x))). intros m Hm.
    apply (derivable_pt_lim_comp (S m) exp); auto. apply derivable_pt_lim_exp.
  - rewrite <- (rsum_delta L l (b * exp (S l z)) l_lt). apply rsum_ext; intros m _.
    unfold slope. destruct (Nat.eqb_spec m l) as [->|_]; ring.
Qed.

Lemma softmax_der m z : (m < L)%nat ->
  derivable_pt_lim (softmax m) z (b * softmax m z * ((if Nat.eqb m l then 1 else 0) - softmax l z)).
Proof.
  intros Hm. pose proof (softmax_total_pos z) as HW.
  assert (D : derivable_pt_lim (softmax m) z
    ((exp (S m z) * slope m * softmax_total z - b * exp (S l z) * exp (S m z)) / Rsqr (softmax_total z))).
  { apply (derivable_pt_lim_div (fun x => exp (S m x)) softmax_total); [|apply softmax_total_der|lra].
    apply (derivable_pt_lim_comp (S m) exp); auto. apply derivable_pt_lim_exp. }
  replace (b * softmax m z * ((if Nat.eqb m l then 1 else 0) - softmax l z)) with
    ((exp (S m z) * slope m * softmax_total z - b * exp (S l z) * exp (S m z)) / Rsqr (softmax_total z)); auto.
  unfold softmax, slope, Rsqr. destruct (Nat.eqb m l); field; lra.
Qed.

Lemma softmax_cont m z : (m < L)%nat -> continuity_pt (softmax m) z.
Proof. intros Hm. apply derivable_continuous_pt. eexists. now apply softmax_der. Qed.
End Softmax.
