(* Self-normalised (softmax) averages of finitely many numbers:
     self_normalised L w f = sum_i p_i f_i,  p_i = w_i / (w_0 + ... + w_{L-1}).
   Jensen's inequality for them, and the split used by every Chernoff bound:
   either the total weight reaches a level T, or an exponential of the missing
   weight pays for the trivial bound. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums.
Local Open Scope R_scope.

Definition self_normalised (L : nat) (w f : nat -> R) : R :=
  rsum L (fun i => w i / rsum L w * f i).

(* Weighted Cauchy-Schwarz: (sum w_i f_i)^2 <= (sum w_i)(sum w_i f_i^2). *)
Lemma cauchy_schwarz_weighted n w f : (forall i, (i < n)%nat -> 0 < w i) ->
  (rsum n (fun i => w i * f i))^2 <= rsum n w * rsum n (fun i => w i * f i ^2).
Proof.
  induction n as [|n IH]; intros Hw; cbn [rsum]; [lra|].
  assert (Hn : 0 < w n) by auto.
  assert (H0 : 0 <= rsum n w) by (apply rsum_ge0; intros; left; auto).
  assert (HC : 0 <= rsum n (fun i => w i * f i ^2)).
  { apply rsum_ge0; intros. apply Rmult_le_pos; [left; auto | apply pow2_ge_0]. }
  specialize (IH (fun i Hi => Hw i (Nat.lt_lt_succ_r _ _ Hi))).
  set (A := rsum n (fun i => w i * f i)) in *.
  set (B := rsum n w) in *. set (C := rsum n (fun i => w i * f i ^2)) in *.
  assert (K : 2 * A * f n <= B * f n ^2 + C).
  { destruct H0 as [H0|H0].
    - apply Rmult_le_reg_l with B; auto.
      assert (0 <= (B * f n - A)^2) by apply pow2_ge_0. nra.
    - rewrite <- H0 in *. assert (A = 0) by nra. subst A. rewrite H. lra. }
  assert (HK : 0 <= w n * (B * f n ^2 + C - 2 * A * f n)) by (apply Rmult_le_pos; lra).
  replace ((A + w n * f n)^2) with (A^2 + 2 * A * (w n * f n) + w n ^2 * f n ^2) by ring.
  replace ((B + w n) * (C + w n * f n ^ 2)) with
    (B * C + w n * (B * f n ^2 + C) + w n ^2 * f n ^2) by ring.
  lra.
Qed.

Section Weights.
Variables (L : nat) (w : nat -> R).
Hypothesis L_pos : (0 < L)%nat.
Hypothesis w_pos : forall i, (i < L)%nat -> 0 < w i.
Let W := rsum L w.

Lemma weight_sum_pos : 0 < W.
Proof. now apply rsum_gt0. Qed.

Lemma self_normalised_ratio f :
  self_normalised L w f = / W * rsum L (fun i => w i * f i).
Proof.
  pose proof weight_sum_pos. unfold self_normalised. rewrite <- rsum_scal.
  apply rsum_ext. intros; fold W. field. lra.
Qed.

(* Jensen: (sum p_i f_i)^2 <= sum p_i f_i^2. *)
Lemma self_normalised_jensen f :
  (self_normalised L w f)^2 <= self_normalised L w (fun i => f i ^2).
Proof.
  pose proof weight_sum_pos as HW. rewrite !self_normalised_ratio, Rpow_mult_distr.
  pose proof (cauchy_schwarz_weighted L w f w_pos) as HC. fold W in HC.
  replace (/ W * rsum L (fun i => w i * f i ^ 2))
    with ((/W)^2 * (W * rsum L (fun i => w i * f i ^ 2))) by (field; lra).
  apply Rmult_le_compat_l; [apply pow2_ge_0 | exact HC].
Qed.

(* A mean of non-negative numbers is at most their sum. *)
Lemma self_normalised_le_sum q : (forall i, (i < L)%nat -> 0 <= q i) ->
  self_normalised L w q <= rsum L q.
Proof.
  intros Hq. pose proof weight_sum_pos as HW.
  apply rsum_le; intros i Hi. fold W.
  rewrite <- (Rmult_1_l (q i)) at 2. apply Rmult_le_compat_r; auto.
  apply Rmult_le_reg_r with W; auto. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
  assert (w i <= W) by (apply rsum_term_le; auto; intros; left; auto). lra.
Qed.

Lemma self_normalised_sq_le_sum f :
  (self_normalised L w f)^2 <= rsum L (fun i => f i ^2).
Proof.
  eapply Rle_trans; [apply self_normalised_jensen|].
  apply self_normalised_le_sum. intros; apply pow2_ge_0.
Qed.

(* When the total weight is at least T > 0, the mean is at most (sum w_i f_i)/T in size. *)
Lemma self_normalised_sq_le_ratio f T : 0 < T -> T <= W ->
  (self_normalised L w f)^2 <= / T^2 * (rsum L (fun i => w i * f i))^2.
Proof.
  intros HT HTW. rewrite self_normalised_ratio, Rpow_mult_distr.
  apply Rmult_le_compat_r; [apply pow2_ge_0|].
  rewrite pow_inv. apply Rinv_le_contravar; nra.
Qed.

Lemma exp_ge_1 x : 0 <= x -> 1 <= exp x.
Proof.
  intros [H|<-]; [|rewrite exp_0; lra].
  rewrite <- exp_0. left; now apply exp_increasing.
Qed.

(* The split: a quantity Y that is at most A when the total weight reaches T,
   and at most sum_i F_i always, is at most
   A + e^{tT} sum_i F_i prod_{j <> i} e^{-t w_j} for every t >= 0. *)
Lemma split_on_weight_sum F Y A T t : (forall i, (i < L)%nat -> 0 <= F i) ->
  0 <= t -> 0 <= A -> (T <= W -> Y <= A) -> Y <= rsum L F ->
  Y <= A + exp (t * T) *
    rsum L (fun i => rprod L (fun j => if Nat.eqb j i then F i else exp (- t * w j))).
Proof.
  intros HF Ht HA H1 H2.
  rewrite (rsum_ext L (fun i => rprod L (fun j => if Nat.eqb j i then F i else exp (- t * w j)))
    (fun i => F i * exp (- t * (W - w i)))) by (intros; now apply rprod_exp).
  assert (P : 0 <= rsum L (fun i => F i * exp (- t * (W - w i)))).
  { apply rsum_ge0; intros. apply Rmult_le_pos; [auto | left; apply exp_pos]. }
  pose proof (exp_pos (t * T)) as PT.
  destruct (Rle_lt_dec T W) as [HW|HW].
  - specialize (H1 HW). nra.
  - apply Rle_trans with (1 := H2). rewrite <- (Rplus_0_l (rsum L F)).
    apply Rplus_le_compat; auto. rewrite <- rsum_scal.
    apply rsum_le; intros i Hi.
    replace (exp (t*T) * (F i * exp (- t * (W - w i)))) with
       (F i * (exp (t*T) * exp (-t * (W - w i)))) by ring.
    rewrite <- exp_plus.
    rewrite <- (Rmult_1_r (F i)) at 1. apply Rmult_le_compat_l; auto.
    apply exp_ge_1. assert (0 < w i) by auto. nra.
Qed.
End Weights.
