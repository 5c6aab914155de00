(* Theorem T4, tail form, for an abstract expectation: with f = (f_0, ..., f_{m-1}),
   E[w f] = 0, and Y at most the indicator of {|sum_i p_i f(X_i)| >= eps},

     E Y <= A2 / ((1-del)^2 L eps^2) + e^{-L del^2/(2 rho)},   0 < del < 1, L >= 1,

   A2 = sum_k E (w f_k)^2 / Z^2, rho = E w^2 / Z^2, Z = E w. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds Require Import finite_sums exponential_bounds abstract_expectation independence self_normalised chernoff_scalar.
Local Open Scope R_scope.

Definition tail_value (L : nat) (delta rho A2 eps : R) : R :=
  A2 / ((1 - delta)^2 * INR L * eps^2) + exp (- (INR L * delta^2) / (2 * rho)).

Section Tail.
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

(* E e^{-t sum_j w(X_j)} = phi(t)^L *)
Lemma laplace_total t : 0 <= t ->
  Int P (fun o => exp (- t * rsum L (fun j => w (X j o)))) /\
  Ex P (fun o => exp (- t * rsum L (fun j => w (X j o)))) = Ex mu (fun x => exp (- t * w x)) ^ L.
Proof.
  intros Ht.
  destruct (product_rule_signed P mu X L PR (fun _ x => exp (- t * w x))) as [I E]; auto.
  assert (EQ : forall o, rprod L (fun j => exp (- t * w (X j o))) = exp (- t * rsum L (fun j => w (X j o))))
    by (intros; apply rprod_exp_sum).
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), E. apply rprod_const.
Qed.

Variables (m : nat) (f : nat -> T -> R) (delta eps : R).
Let S o k := self_normalised L (fun i => w (X i o)) (fun i => f k (X i o)).

Theorem tail_abstract (Y : Om -> R) :
  (1 <= L)%nat -> 0 < delta < 1 -> 0 < eps ->
  (forall k, (k < m)%nat -> Int mu (fun x => (w x * f k x)^2)) ->
  (forall k, (k < m)%nat -> Int mu (fun x => w x * f k x)) ->
  (forall k, (k < m)%nat -> Ex mu (fun x => w x * f k x) = 0) ->
  Int P Y -> (forall o, Y o <= 1) ->
  (forall o, rsum m (fun k => S o k ^2) < eps^2 -> Y o <= 0) ->
  Ex P Y <= tail_value L delta (M2 / Z^2)
              (rsum m (fun k => Ex mu (fun x => (w x * f k x)^2)) / Z^2) eps.
Proof.
  intros HL Hd He Iwf2 Iwf Ewf IY Y1 Y0.
  assert (HLr : 1 <= INR L) by (apply (le_INR 1); auto). fold Z in w_mean_pos.
  pose proof (second_moment_pos mu w w_mean_pos w_int w2_int) as HM. fold M2 in HM.
  set (lev := (1 - delta) * INR L * Z).
  assert (Hlev : 0 < lev) by (unfold lev; repeat apply Rmult_lt_0_compat; lra).
  assert (D : INR L * Z - lev = delta * INR L * Z) by (unfold lev; ring).
  destruct (laplace_power_le mu w w_pos w_mean_pos w_int w2_int exp_int L lev) as [Ht HC];
    [lia | fold Z; assert (0 < delta * INR L * Z) by (repeat apply Rmult_lt_0_compat; lra); lra |].
  fold Z M2 in Ht, HC. set (t := (INR L * Z - lev) / (INR L * M2)) in *.
  destruct (laplace_total t Ht) as [IW EW].
  pose (N2 := fun o => rsum m (fun k => (rsum L (fun i => w (X i o) * f k (X i o)))^2)).
  assert (term : forall k, (k < m)%nat -> _) by exact (fun k Hk =>
    second_moment_sum P mu X L PR (fun x => w x * f k x) (Iwf k Hk) (Iwf2 k Hk) (Ewf k Hk)).
  assert (IN : Int P N2).
  { apply (Int_rsum P m (fun k o => (rsum L (fun i => w (X i o) * f k (X i o)))^2)).
    intros k Hk; now apply term. }
  assert (EN : Ex P N2 = INR L * rsum m (fun k => Ex mu (fun x => (w x * f k x)^2))).
  { unfold N2. rewrite (Ex_rsum P m (fun k o => (rsum L (fun i => w (X i o) * f k (X i o)))^2))
      by (intros k Hk; now apply term).
    rewrite <- rsum_scal. apply rsum_ext; intros k Hk. now apply term. }
  assert (Hc : 0 < / (eps^2 * lev^2)) by (apply Rinv_0_lt_compat, Rmult_lt_0_compat; now apply pow_lt).
  apply Rle_trans with (Ex P (fun o => / (eps^2 * lev^2) * N2 o
    + exp (t * lev) * exp (- t * rsum L (fun j => w (X j o))))).
  { apply Ex_mono; auto. { apply (Int_lin P (/ (eps^2 * lev^2)) (exp (t * lev)) IN IW). }
    intros o. set (W := rsum L (fun j => w (X j o))).
    assert (N0 : 0 <= N2 o) by (apply rsum_ge0; intros; apply pow2_ge_0).
    assert (A0 : 0 <= / (eps^2 * lev^2) * N2 o) by (apply Rmult_le_pos; lra).
    assert (B0 : 0 < exp (t * lev) * exp (- t * W)) by (apply Rmult_lt_0_compat; apply exp_pos).
    destruct (Rlt_le_dec (rsum m (fun k => S o k ^2)) (eps^2)) as [HS|HS].
    { specialize (Y0 o HS). lra. }
    specialize (Y1 o). destruct (Rle_lt_dec lev W) as [HW|HW].
    - (* enough weight: eps^2 <= |S|^2 <= |N|^2 / lev^2 *)
      assert (HN : eps^2 <= / lev^2 * N2 o).
      { apply Rle_trans with (1 := HS). unfold N2. rewrite <- rsum_scal.
        apply rsum_le; intros k _. apply self_normalised_sq_le_ratio; auto; lia. }
      assert (K : / eps^2 * eps^2 <= / eps^2 * (/ lev^2 * N2 o)).
      { apply Rmult_le_compat_l; auto. left. apply Rinv_0_lt_compat. now apply pow_lt. }
      rewrite Rinv_l in K by (apply Rgt_not_eq; now apply pow_lt).
      replace (/ (eps^2 * lev^2) * N2 o) with (/ eps^2 * (/ lev^2 * N2 o)) by (field; split; lra).
      lra.
    - (* missing weight: 1 <= e^{t (lev - W)} *)
      assert (1 <= exp (t * lev) * exp (- t * W)).
      { rewrite <- exp_plus. apply exp_ge_1. nra. }
      lra. }
  rewrite (Ex_lin P (/ (eps^2 * lev^2)) (exp (t * lev)) IN IW), EN, EW. unfold tail_value.
  apply Rplus_le_compat.
  - right. unfold lev. field. repeat split; lra.
  - apply Rle_trans with (1 := HC). right. f_equal. rewrite D. field. repeat split; lra.
Qed.
End Tail.
