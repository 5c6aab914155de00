(* Theorem T4 for an abstract expectation: L tokens X_0, ..., X_{L-1} obeying the
   product rule, a positive weight w, Z = E w, M2 = E w^2, E[w f] = 0 for
   f = (f_0, ..., f_{m-1}), A2 = E|w f|^2 / Z^2, A4 = E|w f|^4 / Z^4, F0 = E|f|^2,
   F4 = E|f|^4, rho = M2 / Z^2.

     laplace_le            phi(t) = E e^{-tw} <= e^{-tZ + t^2 M2/2},  t >= 0
     laplace_power_le      e^{tT} phi(t)^n <= e^{-(nZ - T)^2/(2 n M2)} at the best t
     missing_weight_sum    the price of the event {sum w_i < (1-del) L Z}, with
       level               (1-del) L Z, which the total weight falls short of,
       best_t              ((L-1) Z - level) / ((L-1) M2), the exponent used,
       missing_sum         sum_i F(X_i) prod_{j<>i} e^{-best_t w(X_j)}
     second_moment_sum     E (sum_i g(X_i))^2 = L E g^2 for centred g

   The three right sides and the theorems that they bound, with S = sum_i p_i f(X_i):

     chernoff_value        A2/((1-del)^2 L) + L F0 e^{-(del L-1)^2/(2(L-1) rho)}
     mean_square_scalar    E S^2 <= chernoff_value, scalar f, L >= 2, 1/L < del < 1
     tail_value            A2/((1-del)^2 L eps^2) + e^{-L del^2/(2 rho)}
     tail_abstract         E Y <= tail_value for Y at most the indicator of
                           {|S| >= eps}, L >= 1, 0 < del < 1
     fourth_value          (A4/L^3 + 3 A2^2/L^2) / (1-del)^4
                             + L F4 e^{-(del L-1)^2/(2(L-1) rho)}
     fourth_abstract       E|S|^4 <= fourth_value, L >= 2, 1/L < del < 1 *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums exponential_bounds abstract_expectation independence self_normalised.
From AttentionBounds.chernoff Require Import fourth_moment_sum.
Local Open Scope R_scope.

(* The right side of T4 (mean square): V/((1-del)^2 L) + L F0 e^{-(del L-1)^2/(2(L-1) rho)}. *)
Definition chernoff_value (L : nat) (delta rho V F0 : R) : R :=
  V / ((1 - delta)^2 * INR L)
  + INR L * F0 * exp (- (delta * INR L - 1)^2 / (2 * (INR L - 1) * rho)).

Section Chernoff.
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
Let phi t := Ex mu (fun x => exp (- t * w x)).

(* 0 <= E (w - Z)^2, so Z^2 <= M2; in particular M2 > 0. *)
Lemma second_moment_pos : 0 < M2.
Proof.
  assert (HI : Int mu (fun x => 2 * Z * w x + 1 * (- (Z*Z)))).
  { apply (Int_lin mu (2 * Z) 1 w_int (Int_const mu (- (Z * Z)))). }
  assert (H : 2 * Z * Z + 1 * -(Z*Z) <= M2).
  { replace (2 * Z * Z + 1 * -(Z*Z)) with (Ex mu (fun x => 2 * Z * w x + 1 * (- (Z*Z)))).
    - apply Ex_mono; auto. intros x. pose proof (pow2_ge_0 (w x - Z)). nra.
    - rewrite (Ex_lin mu (2 * Z) 1 w_int (Int_const mu (- (Z * Z)))), Ex_const.
      unfold Z; ring. }
  fold Z in w_mean_pos. nra.
Qed.

Lemma laplace_ge0 t : 0 <= t -> 0 <= phi t.
Proof. intros Ht. apply Ex_ge0; auto. intros; left; apply exp_pos. Qed.

(* e^{-x} <= 1 - x + x^2/2 under the expectation. *)
Lemma laplace_le t : 0 <= t -> phi t <= exp (- t * Z + t^2 * M2 / 2).
Proof.
  intros Ht. apply Rle_trans with (1 + (- t * Z + t^2 * M2 / 2)); [|apply exp_ge_1x].
  assert (I3 : Int mu (fun x => (- t) * w x + (t^2/2) * (w x ^2))) by (apply Int_lin; auto).
  assert (I4 := Int_lin mu 1 1 (Int_const mu 1) I3).
  apply Rle_trans with (Ex mu (fun x => 1 * 1 + 1 * ((- t) * w x + (t^2/2) * (w x ^2)))).
  - apply Ex_mono; auto.
    intros x. pose proof (w_pos x). assert (H0 : 0 <= t * w x) by nra.
    pose proof (exp_neg_quad _ H0) as K.
    replace (- t * w x) with (- (t * w x)) at 1 by ring. nra.
  - rewrite (Ex_lin mu 1 1 (Int_const mu 1) I3), Ex_const, (Ex_lin mu (- t) (t^2/2) w_int w2_int).
    fold Z M2. lra.
Qed.

(* Chernoff for n weights at level T < n Z. *)
Lemma laplace_power_le (n : nat) (lev : R) : (0 < n)%nat -> lev <= INR n * Z ->
  let t := (INR n * Z - lev) / (INR n * M2) in
  0 <= t /\ exp (t * lev) * phi t ^ n <= exp (- (INR n * Z - lev)^2 / (2 * INR n * M2)).
Proof.
  intros Hn Hlev t. pose proof second_moment_pos as HM.
  assert (Hr : 0 < INR n) by now apply lt_0_INR.
  assert (Ht : 0 <= t).
  { unfold t, Rdiv. apply Rmult_le_pos; [lra|]. left. apply Rinv_0_lt_compat. nra. }
  split; auto. rewrite <- (chernoff_optimum n Z M2 lev Hn HM).
  apply Rmult_le_compat_l; [left; apply exp_pos|]. apply pow_incr.
  split; [now apply laplace_ge0 | now apply laplace_le].
Qed.

(* ---- the event {sum w_i < (1-del) L Z}, with a factor F(X_i) in front ---- *)

Section Missing.
Variables (delta : R) (F : T -> R).
Hypothesis L_two : (2 <= L)%nat.
Hypothesis delta_lo : 1 / INR L < delta.
Hypothesis F_int : Int mu F.
Hypothesis F_ge0 : forall x, 0 <= F x.
Definition level : R := (1 - delta) * INR L * Z.
Definition best_t : R := (INR (L - 1) * Z - level) / (INR (L - 1) * M2).
Definition missing_sum (o : Om) : R := rsum L (fun i => rprod L (fun j =>
  if Nat.eqb j i then F (X i o) else exp (- best_t * w (X j o)))).

Lemma L_real : 2 <= INR L.
Proof. apply (le_INR 2); auto. Qed.

Lemma best_t_ge0 : 0 <= best_t /\ exp (best_t * level) * phi best_t ^ (L - 1)
  <= exp (- (delta * INR L - 1)^2 / (2 * (INR L - 1) * (M2 / Z^2))).
Proof.
  pose proof L_real as HL. pose proof second_moment_pos as HM. fold Z in w_mean_pos.
  assert (HdL : 1 < delta * INR L).
  { apply (Rmult_lt_compat_r (INR L)) in delta_lo; [|lra].
    unfold Rdiv in delta_lo. rewrite Rmult_assoc, Rinv_l in delta_lo by lra. lra. }
  assert (E : INR (L - 1) = INR L - 1) by (rewrite minus_INR by lia; simpl; lra).
  assert (D : INR (L - 1) * Z - level = (delta * INR L - 1) * Z) by (rewrite E; unfold level; ring).
  destruct (laplace_power_le (L - 1) level) as [H1 H2]; [lia|nra|].
  split; auto. apply Rle_trans with (1 := H2). right. f_equal. rewrite D, E. field. lra.
Qed.

Lemma missing_weight_sum : Int P missing_sum /\
  exp (best_t * level) * Ex P missing_sum
  <= INR L * Ex mu F * exp (- (delta * INR L - 1)^2 / (2 * (INR L - 1) * (M2 / Z^2))).
Proof.
  destruct best_t_ge0 as [Ht HC]. pose proof L_real.
  assert (slot : forall i, (i < L)%nat -> _) by
    exact (fun i Hi => product_rule_but_one P mu X L PR F (fun x => exp (- best_t * w x)) i Hi F_int (exp_int best_t Ht)).
  assert (IB : Int P missing_sum).
  { apply (Int_rsum P L (fun i o => rprod L (fun j => if Nat.eqb j i then F (X i o) else exp (- best_t * w (X j o))))).
    intros i Hi. now apply slot. }
  split; auto. unfold missing_sum.
  rewrite (Ex_rsum P L (fun i o => rprod L (fun j => if Nat.eqb j i then F (X i o) else exp (- best_t * w (X j o)))))
    by (intros i Hi; now apply slot).
  rewrite (rsum_ext L _ (fun _ => Ex mu F * phi best_t ^ (L - 1))) by (intros i Hi; now apply slot).
  rewrite rsum_const.
  replace (exp (best_t * level) * (INR L * (Ex mu F * phi best_t ^ (L - 1)))) with
    (INR L * Ex mu F * (exp (best_t * level) * phi best_t ^ (L - 1))) by ring.
  apply Rmult_le_compat_l; auto. apply Rmult_le_pos; [lra|now apply Ex_ge0].
Qed.
End Missing.

(* ---- E (sum_i g(X_i))^2 = L E g^2 for centred g ---- *)

Lemma second_moment_sum (g : T -> R) : Int mu g -> Int mu (fun x => g x ^2) -> Ex mu g = 0 ->
  Int P (fun o => (rsum L (fun i => g (X i o)))^2) /\
  Ex P (fun o => (rsum L (fun i => g (X i o)))^2) = INR L * Ex mu (fun x => g x ^2).
Proof.
  intros Ig Ig2 Eg. set (V := Ex mu (fun x => g x ^2)).
  assert (term : forall i j, (i < L)%nat -> (j < L)%nat ->
    Int P (fun o => g (X i o) * g (X j o)) /\
    Ex P (fun o => g (X i o) * g (X j o)) = if Nat.eqb j i then V else 0).
  { intros i j Hi Hj. destruct (Nat.eqb_spec j i) as [->|Hne].
    - destruct (product_rule_single P mu X L PR (fun x => g x ^2) i Hi Ig2) as [I E].
      assert (EQ : forall o, g (X i o) ^2 = g (X i o) * g (X i o)) by (intros; ring).
      split; [eapply Int_ext; [exact EQ|exact I]|].
      rewrite <- (Ex_ext P _ _ EQ I). exact E.
    - destruct (product_rule_pair P mu X L PR g g i j) as [I E]; auto.
      split; auto. rewrite E, Eg; ring. }
  assert (EQ : forall o, rsum L (fun i => rsum L (fun j => g (X i o) * g (X j o)))
    = (rsum L (fun i => g (X i o)))^2) by (intros; symmetry; apply rsum_sq).
  assert (Irow : forall i, (i < L)%nat -> Int P (fun o => rsum L (fun j => g (X i o) * g (X j o)))).
  { intros i Hi. apply (Int_rsum P L (fun j o => g (X i o) * g (X j o))). intros; now apply term. }
  assert (I : Int P (fun o => rsum L (fun i => rsum L (fun j => g (X i o) * g (X j o))))).
  { now apply (Int_rsum P L (fun i o => rsum L (fun j => g (X i o) * g (X j o)))). }
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I).
  rewrite (Ex_rsum P L (fun i o => rsum L (fun j => g (X i o) * g (X j o)))) by auto.
  rewrite <- rsum_const. apply rsum_ext; intros i Hi.
  rewrite (Ex_rsum P L (fun j o => g (X i o) * g (X j o))) by (intros; now apply term).
  rewrite <- (rsum_delta L i V Hi). apply rsum_ext; intros j Hj. now apply term.
Qed.

(* ---- T4, mean square, scalar f ---- *)

Variables (f : T -> R) (delta : R).

Theorem mean_square_scalar :
  (2 <= L)%nat -> 1 / INR L < delta < 1 ->
  Int mu (fun x => f x ^2) -> Int mu (fun x => (w x * f x)^2) ->
  Int mu (fun x => w x * f x) -> Ex mu (fun x => w x * f x) = 0 ->
  Int P (fun o => self_normalised L (fun i => w (X i o)) (fun i => f (X i o)) ^2) ->
  Ex P (fun o => self_normalised L (fun i => w (X i o)) (fun i => f (X i o)) ^2)
  <= chernoff_value L delta (M2 / Z ^2)
       (Ex mu (fun x => (w x * f x)^2) / Z ^2) (Ex mu (fun x => f x ^2)).
Proof.
  intros HL Hd If2 Iwf2 Iwf Ewf IS.
  assert (HLr : 2 <= INR L) by (apply (le_INR 2); auto). fold Z in w_mean_pos.
  destruct (second_moment_sum (fun x => w x * f x) Iwf Iwf2 Ewf) as [IA EA].
  destruct (missing_weight_sum delta (fun x => f x ^2) HL (proj1 Hd) If2) as [IB EB].
  { intros; apply pow2_ge_0. }
  destruct (best_t_ge0 delta HL (proj1 Hd)) as [Ht _].
  set (lev := level delta) in *. set (t := best_t delta) in *.
  assert (Hlev : 0 < lev) by (unfold lev, level; repeat apply Rmult_lt_0_compat; lra).
  apply Rle_trans with (Ex P (fun o => / lev^2 * (rsum L (fun i => w (X i o) * f (X i o)))^2
     + exp (t * lev) * missing_sum delta (fun x => f x ^2) o)).
  { apply Ex_mono; auto. { apply (Int_lin P (/ lev^2) (exp (t * lev)) IA IB). }
    intros o. unfold missing_sum; fold t.
    apply (split_on_weight_sum L (fun i => w (X i o))); auto.
    - intros; apply pow2_ge_0.
    - apply Rmult_le_pos; [left; apply Rinv_0_lt_compat; nra | apply pow2_ge_0].
    - intros HW. apply self_normalised_sq_le_ratio; auto; lia.
    - apply self_normalised_sq_le_sum; auto; lia. }
  rewrite (Ex_lin P (/ lev^2) (exp (t * lev)) IA IB), EA. unfold chernoff_value.
  apply Rplus_le_compat; auto. right. unfold lev, level. field. repeat split; lra.
Qed.
End Chernoff.

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
