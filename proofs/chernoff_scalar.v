(* Theorem T4 for an abstract expectation: L tokens X_0, ..., X_{L-1} obeying the
   product rule, a positive weight w, Z = E w, M2 = E w^2, scalar f with E[w f] = 0.

     laplace_le            phi(t) = E e^{-tw} <= e^{-tZ + t^2 M2/2},  t >= 0
     total_weight_tail     e^{tT} phi(t)^L <= e^{-(LZ - T)^2/(2 L M2)} at the best t
     missing_weight_sum    the price of the event {sum w_i < (1-del) L Z}
     second_moment_sum     E (sum_i w_i f_i)^2 = L E (w f)^2
     mean_square_scalar    T4, mean square, scalar f *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds Require Import finite_sums exponential_bounds abstract_expectation independence self_normalised.
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
