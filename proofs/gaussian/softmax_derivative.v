(* Derivatives of softmax weights in one variable, in the vocabulary of Reals.

   Scores S_0, ..., S_{L-1} are functions of z; only S_l depends on z, with slope b.
   Then p_m = e^{S_m} / sum_r e^{S_r} has the derivative
     p_m' = b p_m ([m = l] - p_l).

     softmax_total z   sum_r e^{S_r(z)}        softmax m z   p_m *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums.
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

(* The algebra of the derivatives of products of softmax weights. *)
Section Algebra.
Variables b be x d z t e s : R.
Lemma slope_form : b * x * (d - z) * t = b * (d * (x * t)) - b * z * (x * t).
Proof. ring. Qed.
Lemma slope_deviation : b * (z * t) - b * z * e = b * (z * (t - e)).
Proof. ring. Qed.
Lemma slope_square : b * x * (d - z) * x + x * (b * x * (d - z)) =
  d * (b * (x * x) + b * (x * x)) - (b * z * (x * x) + b * z * (x * x)).
Proof. ring. Qed.
Lemma slope_square_sum : b * (z * z) + b * (z * z) - (b * z * s + b * z * s) =
  b * (z * (z - s) + z * (z - s)).
Proof. ring. Qed.
(* F = p e *)
Lemma slope_weight_deviation : b * z * (1 - z) * e + z * (b * (z * (t - e)) + be * z) =
  b * (z * (1 - z) * e + z * z * (t - e)) + be * (z * z).
Proof. ring. Qed.
(* F = p^2 *)
Lemma slope_weight_square : b * z * (1 - z) * z + z * (b * z * (1 - z)) =
  b * (z * z * (1 - z) + z * z * (1 - z)) + be * 0.
Proof. ring. Qed.
(* F = P_2 p *)
Lemma slope_sum_weight : b * (z * (z - s) + z * (z - s)) * z + s * (b * z * (1 - z)) =
  b * (z * z * (z - s) + z * z * (z - s) + s * z * (1 - z)) + be * 0.
Proof. ring. Qed.
End Algebra.

(* The algebra of the means. *)
Lemma mean_weight_deviation p e t : p * (1 - p) * e + p * p * (t - e) =
  1 * (p * e) + -2 * (p * p * e) + 1 * (p * p * t).
Proof. ring. Qed.
Lemma mean_weight_square p : p * p * (1 - p) + p * p * (1 - p) =
  2 * (p * p) + -2 * (p * p * p) + 0 * (p * p).
Proof. ring. Qed.
Lemma mean_sum_weight p s : p * p * (p - s) + p * p * (p - s) + s * p * (1 - p) =
  2 * (p * p * p) + -3 * (s * (p * p)) + 1 * (s * p).
Proof. ring. Qed.
Lemma second_moment_total c b2 r2 r3 e22 pe ppe ppt spt :
  ppe = spt -> ppt = c * (2 * r2 + -2 * r3 + 0 * r2) - c * r2 ->
  (forall sp, spt = c * (2 * r3 + -3 * e22 + 1 * sp) - c * sp ->
  c * (1 * pe + -2 * ppe + 1 * ppt) + b2 * r2 - c * pe = b2 * r2 + c^2 * (r2 - 6 * r3 + 6 * e22)).
Proof. intros -> -> sp ->. ring. Qed.

(* The growth bounds of F = p e. *)
Lemma growth_algebra A A' C t B E : 0 <= A' -> 0 <= C -> 0 <= t -> 0 <= B -> 0 <= E -> A <= A' + C * t ->
  3 * B * A + E <= ((3 * B + 1) * (A' + C) + E) * (1 + t ^ 2) /\
  t * A <= ((3 * B + 1) * (A' + C) + E) * (1 + t ^ 2).
Proof.
  intros HA HC Ht HB HE H. set (s := 1 + t ^ 2).
  assert (Hs : 1 <= s) by (unfold s; nra). assert (Hts : t <= s) by (unfold s; nra).
  set (M := (A' + C) * s).
  assert (HM0 : 0 <= M) by (unfold M; apply Rmult_le_pos; lra).
  assert (G1 : A' * 1 <= A' * s) by (apply Rmult_le_compat_l; lra).
  assert (G2 : A' * t <= A' * s) by (apply Rmult_le_compat_l; lra).
  assert (G3 : C * t <= C * s) by (apply Rmult_le_compat_l; lra).
  assert (G4 : C * (t * t) <= C * s) by (apply Rmult_le_compat_l; [lra|unfold s; nra]).
  assert (G5 : t * A <= t * (A' + C * t)) by (apply Rmult_le_compat_l; lra).
  assert (H1 : A' + C * t <= M) by (unfold M; lra).
  assert (H2 : t * A <= M) by (unfold M; lra).
  assert (H3 : B * A <= B * M) by (apply Rmult_le_compat_l; lra).
  assert (H4 : 0 <= B * M) by now apply Rmult_le_pos.
  assert (H5 : E <= E * s) by nra.
  replace (((3 * B + 1) * (A' + C) + E) * s) with (3 * (B * M) + M + E * s) by (unfold M; ring).
  split; lra.
Qed.
