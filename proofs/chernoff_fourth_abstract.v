(* Theorem T4, fourth moment, for an abstract expectation: with
   f = (f_0, ..., f_{m-1}), E[w f] = 0, Z = E w, rho = E w^2 / Z^2,
   A4 = E|w f|^4 / Z^4, A2 = E|w f|^2 / Z^2, F4 = E|f|^4, L >= 2, 1/L < del < 1,

     E|sum_i p_i f(X_i)|^4 <= (A4/L^3 + 3 A2^2/L^2) / (1-del)^4
                              + L F4 e^{-(del L-1)^2/(2(L-1) rho)}. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds Require Import finite_sums exponential_bounds abstract_expectation independence self_normalised chernoff_scalar fourth_moment_sum.
Local Open Scope R_scope.

Definition fourth_value (L : nat) (delta rho A2 A4 F4 : R) : R :=
  (A4 / INR L ^3 + 3 * A2^2 / INR L ^2) / (1 - delta)^4
  + INR L * F4 * exp (- (delta * INR L - 1)^2 / (2 * (INR L - 1) * rho)).

Section Pointwise.
Variables (L m : nat) (w : nat -> R) (f : nat -> nat -> R).   (* f k i: coordinate k, token i *)
Hypothesis L_pos : (0 < L)%nat.
Hypothesis w_pos : forall i, (i < L)%nat -> 0 < w i.
Let S2 := rsum m (fun k => self_normalised L w (f k) ^2).

Lemma norm_ge0 : 0 <= S2.
Proof. apply rsum_ge0; intros; apply pow2_ge_0. Qed.

(* |sum p_i f_i|^2 <= sum p_i |f_i|^2, so |sum p_i f_i|^4 <= sum |f_i|^4. *)
Lemma norm_fourth_le_sum : S2^2 <= rsum L (fun i => (rsum m (fun k => f k i ^2))^2).
Proof.
  pose (q := fun i => rsum m (fun k => f k i ^2)).
  apply Rle_trans with ((self_normalised L w q)^2); [|now apply self_normalised_sq_le_sum].
  assert (H : S2 <= self_normalised L w q).
  { apply Rle_trans with (rsum m (fun k => self_normalised L w (fun i => f k i ^2))).
    - apply rsum_le; intros k _. now apply self_normalised_jensen.
    - right. unfold self_normalised, q. rewrite <- rsum_swap. apply rsum_ext; intros i _.
      symmetry. rewrite <- rsum_scal. reflexivity. }
  pose proof norm_ge0. nra.
Qed.

(* With total weight at least T: |sum p_i f_i|^4 <= |sum w_i f_i|^4 / T^4. *)
Lemma norm_fourth_le_ratio T : 0 < T -> T <= rsum L w ->
  S2^2 <= / T^4 * (rsum m (fun k => (rsum L (fun i => w i * f k i))^2))^2.
Proof.
  intros HT HW.
  assert (H : S2 <= / T^2 * rsum m (fun k => (rsum L (fun i => w i * f k i))^2)).
  { rewrite <- rsum_scal. apply rsum_le; intros k _. now apply self_normalised_sq_le_ratio. }
  pose proof norm_ge0 as H0.
  replace (/ T^4 * (rsum m (fun k => (rsum L (fun i => w i * f k i))^2))^2)
    with ((/ T^2 * rsum m (fun k => (rsum L (fun i => w i * f k i))^2))^2) by (field; lra).
  now apply pow_incr.
Qed.
End Pointwise.

Section Fourth.
Context {Om T : Type} (P : Expectation Om) (mu : Expectation T).
Variables (X : nat -> Om -> T) (L : nat).
Hypothesis PR : product_rule P mu X L.
Variable w : T -> R.
Hypothesis w_pos : forall x, 0 < w x.
Hypothesis w_mean_pos : 0 < Ex mu w.
Hypothesis w_int : Int mu w.
Hypothesis w2_int : Int mu (fun x => w x ^2).
Hypothesis exp_int : forall t, 0 <= t -> Int mu (fun x => exp (- t * w x)).
Let Z := Ex mu w.
Let M2 := Ex mu (fun x => w x ^2).
Variables (m : nat) (f : nat -> T -> R) (delta : R).
Let S o k := self_normalised L (fun i => w (X i o)) (fun i => f k (X i o)).

Theorem fourth_abstract :
  (2 <= L)%nat -> 1 / INR L < delta < 1 ->
  Int mu (fun x => (rsum m (fun k => f k x ^2))^2) ->
  (forall k l i j, (k < m)%nat -> (l < m)%nat -> (i <= 2)%nat -> (j <= 2)%nat ->
     Int mu (fun x => (w x * f k x) ^ i * (w x * f l x) ^ j)) ->
  (forall k, (k < m)%nat -> Ex mu (fun x => w x * f k x) = 0) ->
  Int P (fun o => (rsum m (fun k => S o k ^2))^2) ->
  Ex P (fun o => (rsum m (fun k => S o k ^2))^2)
  <= fourth_value L delta (M2 / Z^2)
       (rsum m (fun k => Ex mu (fun x => (w x * f k x)^2)) / Z^2)
       (Ex mu (fun x => (rsum m (fun k => (w x * f k x)^2))^2) / Z^4)
       (Ex mu (fun x => (rsum m (fun k => f k x ^2))^2)).
Proof.
  intros HL Hd IF Ig Eg IS.
  assert (HLr : 2 <= INR L) by (apply (le_INR 2); auto). fold Z in w_mean_pos.
  destruct (fourth_moment_sum P mu X L PR m (fun k x => w x * f k x) Ig Eg) as [IN EN].
  destruct (missing_weight_sum P mu X L PR w w_pos w_mean_pos w_int w2_int exp_int delta
    (fun x => (rsum m (fun k => f k x ^2))^2) HL (proj1 Hd) IF) as [IB EB].
  { intros; apply pow2_ge_0. }
  destruct (best_t_ge0 mu L w w_pos w_mean_pos w_int w2_int exp_int delta HL (proj1 Hd)) as [Ht _].
  set (lev := level mu L w delta) in *. set (t := best_t mu L w delta) in *.
  set (B := missing_sum mu X L w delta (fun x => (rsum m (fun k => f k x ^2))^2)) in *.
  assert (Hlev : 0 < lev) by (unfold lev, level; fold Z; repeat apply Rmult_lt_0_compat; lra).
  assert (Hlev4 : 0 < / lev^4) by (apply Rinv_0_lt_compat; now apply pow_lt).
  eapply Rle_trans.
  { apply (Ex_mono P IS (Int_lin P (/ lev^4) (exp (t * lev)) IN IB)).
    intros o. unfold B, missing_sum; fold t.
    apply (split_on_weight_sum L (fun i => w (X i o))); auto.
    - intros; apply pow2_ge_0.
    - apply Rmult_le_pos; [lra | apply pow2_ge_0].
    - intros HW. apply (norm_fourth_le_ratio L m (fun i => w (X i o)) (fun k i => f k (X i o))); auto; lia.
    - apply (norm_fourth_le_sum L m (fun i => w (X i o)) (fun k i => f k (X i o))); auto; lia. }
  rewrite (Ex_lin P (/ lev^4) (exp (t * lev)) IN IB). unfold fourth_value.
  apply Rplus_le_compat; auto.
  eapply Rle_trans; [apply Rmult_le_compat_l; [lra | exact EN]|].
  right. unfold lev, level; fold Z. field. repeat split; lra.
Qed.
End Fourth.
