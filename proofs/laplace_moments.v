(* Theorem T5 (laplace-bound), first part: negative moments of the total weight,
   for an abstract expectation.

   w_1, ..., w_n are positive, independent, with one law, E w = 1, rho = E w^2,
   kap = E w^{-1}.  For n > k >= 1 and every 0 < th <= 1

     E (w_1 + ... + w_n)^{-k}
       <= (n (1 - th/2))^{-k} + (kap/k)^k exp(-(n-k) (th/rho) (1 - th/2)).

   The mean of the majorant of laplace_majorant.v is computed by the product
   rule; phi(t) = E e^{-tw} <= e^{-t + rho t^2/2}; the number of steps is free,
   so the factor e^{C/N} that they cost disappears. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds Require Import finite_sums exponential_bounds abstract_expectation independence
  chernoff_scalar laplace_inverse_power laplace_majorant bounds_definitions.
Local Open Scope R_scope.

Section InverseMoments.
Context {Om T : Type} (P : Expectation Om) (mu : Expectation T).
Variables (X : nat -> Om -> T) (n k : nat) (w : T -> R).
Hypothesis PR : product_rule P mu X n.
Hypothesis k_pos : (0 < k)%nat.
Hypothesis n_gt_k : (k < n)%nat.
Hypothesis w_pos : forall x, 0 < w x.
Hypothesis w_int : Int mu w.
Hypothesis w_mean : Ex mu w = 1.
Hypothesis w2_int : Int mu (fun x => w x ^2).
Hypothesis winv_int : Int mu (fun x => / w x).
Hypothesis exp_int : forall t, 0 <= t -> Int mu (fun x => exp (- t * w x)).
Let rho := Ex mu (fun x => w x ^2).
Let kap := Ex mu (fun x => / w x).
Let phi t := Ex mu (fun x => exp (- t * w x)).

Lemma rho_ge_1 : 1 <= rho.
Proof.
  assert (J := Int_lin mu 2 (-1) w_int (Int_const mu 1)).
  assert (H : Ex mu (fun x => 2 * w x + -1 * 1) = 1)
    by (rewrite (Ex_lin mu 2 (-1) w_int (Int_const mu 1)), Ex_const, w_mean; ring).
  rewrite <- H. apply Ex_mono; auto. intros x. pose proof (pow2_ge_0 (w x - 1)). nra.
Qed.

Lemma kap_ge0 : 0 <= kap.
Proof. apply Ex_ge0; auto. intros x. left. now apply Rinv_0_lt_compat. Qed.

(* phi(t) <= e^{-t (1 - th/2)} for t <= th/rho *)
Lemma laplace_le_linear th t : 0 <= t <= th / rho -> phi t <= exp (- t * (1 - th / 2)).
Proof.
  intros [Ht Hth]. pose proof rho_ge_1 as Hr.
  assert (H : phi t <= exp (- t * Ex mu w + t^2 * rho / 2)).
  { apply laplace_le; auto; rewrite w_mean; lra. }
  eapply Rle_trans; [exact H|]. rewrite w_mean.
  assert (K : t * rho <= th).
  { apply (Rmult_le_compat_r rho) in Hth; [|lra].
    unfold Rdiv in Hth. rewrite Rmult_assoc, Rinv_l in Hth; lra. }
  assert (E : - t * 1 + t ^ 2 * rho / 2 <= - t * (1 - th / 2)) by nra.
  destruct E as [E|E]; [left; now apply exp_increasing|rewrite E; apply Rle_refl].
Qed.

Lemma phi_ge0 t : 0 <= t -> 0 <= phi t.
Proof. intros Ht. apply Ex_ge0; auto. intros x. left. apply exp_pos. Qed.

Section Majorant.
Variables (N : nat) (c : R).
Hypothesis N_pos : (0 < N)%nat.
Hypothesis c_ge0 : 0 <= c.

Let step_term m (o : Om) := rprod n (fun j => exp (- step_point N c m * w (X j o))).
Let tail_term (o : Om) :=
  rprod n (fun j => if Nat.ltb j k then / w (X j o) else exp (- c * w (X j o))).

Lemma step_term_mean m : Int P (step_term m) /\ Ex P (step_term m) = phi (step_point N c m) ^ n.
Proof.
  assert (Ht : 0 <= step_point N c m) by (apply step_point_ge0; auto).
  destruct (PR (fun _ x => exp (- step_point N c m * w x))) as [I E].
  - intros; left; apply exp_pos.
  - intros; now apply exp_int.
  - split; auto. unfold step_term. rewrite E. apply rprod_const.
Qed.

Lemma tail_term_mean : Int P tail_term /\ Ex P tail_term = kap ^ k * phi c ^ (n - k).
Proof.
  destruct (PR (fun j x => if Nat.ltb j k then / w x else exp (- c * w x))) as [I E].
  - intros i x. destruct (Nat.ltb i k); left; [now apply Rinv_0_lt_compat|apply exp_pos].
  - intros i. destruct (Nat.ltb i k); auto.
  - split; auto. unfold tail_term. rewrite E.
    replace n with (k + (n - k))%nat at 1 by lia. rewrite rprod_split. f_equal.
    + rewrite <- rprod_const. apply rprod_ext; intros j Hj.
      destruct (Nat.ltb_spec j k); [auto|lia].
    + rewrite <- rprod_const. apply rprod_ext; intros j Hj.
      destruct (Nat.ltb_spec (k + j) k); [lia|auto].
Qed.

Definition moment_majorant (o : Om) : R := inverse_power_majorant k N c n (fun i => w (X i o)).

Lemma moment_majorant_mean : Int P moment_majorant /\ Ex P moment_majorant =
  rsum N (fun m => step_mass k N c m * phi (step_point N c m) ^ n)
  + / INR k ^ k * (kap ^ k * phi c ^ (n - k)).
Proof.
  destruct tail_term_mean as [IT ET].
  assert (IS : forall m, (m < N)%nat -> Int P (fun o => step_mass k N c m * step_term m o)).
  { intros m _. apply Int_scal. apply step_term_mean. }
  assert (I1 := Int_rsum P N (fun m o => step_mass k N c m * step_term m o) IS).
  assert (I2 := Int_scal P (/ INR k ^ k) _ IT).
  split; [exact (Int_plus P _ _ I1 I2)|].
  transitivity (Ex P (fun o => rsum N (fun m => step_mass k N c m * step_term m o)
     + / INR k ^ k * tail_term o)).
  { apply Ex_ext; [auto|exact (Int_plus P _ _ I1 I2)]. }
  rewrite (Ex_plus P _ _ I1 I2), (Ex_scal P (/ INR k ^ k) _ IT), ET.
  rewrite (Ex_rsum P N (fun m o => step_mass k N c m * step_term m o) IS). f_equal.
  apply rsum_ext; intros m Hm. destruct (step_term_mean m) as [I E].
  rewrite (Ex_scal P _ _ I), E. reflexivity.
Qed.
End Majorant.

(* w_1 + ... + w_n to the power -k is at most its majorant, integrable *)
Lemma inverse_power_dominated o : forall N c, (0 < N)%nat -> 0 <= c ->
  / rsum n (fun i => w (X i o)) ^ k <= moment_majorant N c o.
Proof. intros N c HN Hc. apply inverse_power_le_majorant; auto; lia. Qed.

Theorem inverse_moment_le th : 0 < th <= 1 ->
  Int P (fun o => / rsum n (fun i => w (X i o)) ^ k) ->
  Ex P (fun o => / rsum n (fun i => w (X i o)) ^ k)
  <= inverse_moment_bound k (INR n) rho kap th.
Proof.
  intros Hth HI. pose proof rho_ge_1 as Hr. pose proof kap_ge0 as Hk.
  assert (Hn : 0 < INR n) by (apply lt_0_INR; lia).
  set (c := INR n * (1 - th / 2)). assert (Hc : 0 < c) by (unfold c; nra).
  set (t := th / rho).
  assert (Ht : 0 < t) by (unfold t; apply Rdiv_lt_0_compat; lra).
  unfold inverse_moment_bound. fold c t. rewrite <- (minus_INR n k) by lia.
  apply le_of_exp_le with (c * t).
  - left; apply Rinv_0_lt_compat. now apply pow_lt.
  - nra.
  - intros N HN. destruct (moment_majorant_mean N t HN) as [IM EM]; [lra|].
    apply Rle_trans with (Ex P (moment_majorant N t)).
    { apply Ex_mono; auto. intros o. apply inverse_power_dominated; auto; lra. }
    rewrite EM. apply Rplus_le_compat.
    + eapply Rle_trans; [|apply step_sum_le with (k := k) (c := c) (T := t); auto; lra].
      apply rsum_le; intros m Hm. rewrite Rmult_comm.
      assert (0 <= step_mass k N t m) by (apply step_mass_ge0; auto; lra).
      apply Rmult_le_compat_r; auto.
      assert (Hs : 0 <= step_point N t m <= t).
      { split; [apply step_point_ge0; auto; lra|apply step_point_le; auto; lra]. }
      apply Rle_trans with (exp (- step_point N t m * (1 - th / 2)) ^ n).
      * apply pow_incr. split; [apply phi_ge0; lra|now apply laplace_le_linear].
      * rewrite exp_pow. right. f_equal. unfold c. ring.
    + unfold Rdiv at 1. rewrite Rpow_mult_distr, pow_inv.
      rewrite <- Rmult_assoc, (Rmult_comm (/ INR k ^ k)).
      apply Rmult_le_compat_l.
      * apply Rmult_le_pos; [now apply pow_le|].
        left; apply Rinv_0_lt_compat, pow_lt, lt_0_INR; auto.
      * apply Rle_trans with (exp (- t * (1 - th / 2)) ^ (n - k)).
        -- apply pow_incr. split; [apply phi_ge0; lra|]. apply laplace_le_linear. fold t; lra.
        -- rewrite exp_pow. right. f_equal. ring.
Qed.
End InverseMoments.
