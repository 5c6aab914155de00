(* Theorem T5 (laplace-bound), first part: negative moments of the total weight,
   for an abstract expectation.

   w_1, ..., w_n are positive, independent, with one law, E w = 1, rho = E w^2,
   kap = E w^{-1}.  For n >= k >= 1 and every 0 < th <= 1 (inverse_moment_le,
   inverse_moment_two_split_le; inverse_moment_split_le: either)

     E (w_1 + ... + w_n)^{-k}
       <= (n (1 - th/2))^{-k} + (kap/k)^k exp(-(n-k) (th/rho) (1 - th/2)),
     E (w_1 + ... + w_n)^{-k}
       <= (n (1 - th/2))^{-k} + (n/2)^{-k} Q_k(n th/(2 rho)) + (kap/k)^k exp(-(n-k)/(2 rho)).

   moment_majorant, the majorant of inverse_power_majorant.v at the weights of the
   tokens, is cut at th/rho or at 1/rho; its mean is computed by the product rule;
   phi(t) = E e^{-tw} <= e^{-t + rho t^2/2}; the number of steps is free, so the
   factor e^{C/N} that they cost disappears.

   bounds_inverse_moment P mu w n k B: B is at least E (w(Y_1) + ... + w(Y_n))^{-k}
   for every independent sample Y with law mu. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums exponential_bounds abstract_expectation independence.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.chernoff Require Import chernoff_abstract.
From AttentionBounds.laplace Require Import inverse_power inverse_power_majorant.
Local Open Scope R_scope.

Section InverseMoments.
Context {Om T : Type} (P : Expectation Om) (mu : Expectation T).
Variables (X : nat -> Om -> T) (n k : nat) (w : T -> R).
Hypothesis PR : product_rule P mu X n.
Hypothesis k_pos : (0 < k)%nat.
Hypothesis k_le_n : (k <= n)%nat.
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

(* What a cut at c gives: if phi(c) <= e^{-a} and the step sums over [0,c] are at
   most e^{C/N} B, the moment is at most B + (kap/k)^k e^{-(n-k)a}. *)
Lemma inverse_moment_cut c a B C : 0 <= c -> 0 <= B -> 0 <= C -> phi c <= exp (- a) ->
  (forall N, (0 < N)%nat ->
    rsum N (fun m => phi (step_point N c m) ^ n * step_mass k N c m) <= exp (C / INR N) * B) ->
  Int P (fun o => / rsum n (fun i => w (X i o)) ^ k) ->
  Ex P (fun o => / rsum n (fun i => w (X i o)) ^ k)
  <= B + (kap / INR k) ^ k * exp (- ((INR n - INR k) * a)).
Proof.
  intros Hc HB HC Ha HS HI. pose proof kap_ge0 as Hk. rewrite <- (minus_INR n k) by lia.
  apply le_of_exp_le with C; auto. intros N HN.
  destruct (moment_majorant_mean N c HN Hc) as [IM EM].
  apply Rle_trans with (Ex P (moment_majorant N c)).
  { apply Ex_mono; auto. intros o. now apply inverse_power_dominated. }
  rewrite EM. apply Rplus_le_compat.
  - eapply Rle_trans; [|now apply HS]. right. apply rsum_ext; intros m _. apply Rmult_comm.
  - unfold Rdiv at 1. rewrite Rpow_mult_distr, pow_inv.
    rewrite <- Rmult_assoc, (Rmult_comm (/ INR k ^ k)).
    apply Rmult_le_compat_l.
    + apply Rmult_le_pos; [now apply pow_le|].
      left; apply Rinv_0_lt_compat, pow_lt, lt_0_INR; auto.
    + apply Rle_trans with (exp (- a) ^ (n - k)).
      * apply pow_incr. split; [now apply phi_ge0|exact Ha].
      * rewrite exp_pow. right. f_equal. ring.
Qed.

Lemma phi_power_le s th : 0 <= s <= th / rho -> phi s ^ n <= exp (- s * (INR n * (1 - th / 2))).
Proof.
  intros Hs. apply Rle_trans with (exp (- s * (1 - th / 2)) ^ n).
  - apply pow_incr. split; [apply phi_ge0; lra|now apply laplace_le_linear].
  - rewrite exp_pow. right. f_equal. ring.
Qed.

(* One split, at th/rho. *)
Theorem inverse_moment_le th : 0 < th <= 1 ->
  Int P (fun o => / rsum n (fun i => w (X i o)) ^ k) ->
  Ex P (fun o => / rsum n (fun i => w (X i o)) ^ k)
  <= inverse_moment_bound k (INR n) rho kap th.
Proof.
  intros Hth HI. pose proof rho_ge_1 as Hr.
  assert (Hn : 0 < INR n) by (apply lt_0_INR; lia).
  set (c := INR n * (1 - th / 2)). assert (Hc : 0 < c) by (unfold c; nra).
  assert (Ht : 0 < th / rho) by (apply Rdiv_lt_0_compat; lra).
  unfold inverse_moment_bound. fold c. rewrite (Rmult_assoc (INR n - INR k)).
  apply inverse_moment_cut with (c := th / rho) (C := c * (th / rho)); auto; try nra.
  - left; apply Rinv_0_lt_compat. now apply pow_lt.
  - rewrite Ropp_mult_distr_l. apply laplace_le_linear. lra.
  - intros N HN. eapply Rle_trans; [|apply step_sum_le; auto; lra].
    apply rsum_le; intros m Hm.
    apply Rmult_le_compat_r; [apply step_mass_ge0; auto; lra|]. apply phi_power_le.
    split; [apply step_point_ge0; auto; lra|apply step_point_le; auto; lra].
Qed.

(* Two splits, at th/rho and 1/rho. *)
Theorem inverse_moment_two_split_le th : 0 < th <= 1 ->
  Int P (fun o => / rsum n (fun i => w (X i o)) ^ k) ->
  Ex P (fun o => / rsum n (fun i => w (X i o)) ^ k)
  <= inverse_moment_two_split_bound k (INR n) rho kap th.
Proof.
  intros Hth HI. pose proof rho_ge_1 as Hr.
  assert (Hn : 0 < INR n) by (apply lt_0_INR; lia).
  set (c := INR n * (1 - th / 2)). assert (Hc : 0 < c) by (unfold c; nra).
  set (h := INR n / 2). assert (Hh : 0 < h <= c) by (unfold h, c; nra).
  assert (Ht : 0 < th / rho) by (apply Rdiv_lt_0_compat; lra).
  assert (Hi : 0 < 1 / rho) by (apply Rdiv_lt_0_compat; lra).
  unfold inverse_moment_two_split_bound. fold c h.
  replace (INR n * th / (2 * rho)) with (th / rho * h) by (unfold h; field; lra).
  rewrite <- inverse_power_tail_gamma by lra.
  replace ((INR n - INR k) / (2 * rho)) with ((INR n - INR k) * (1 / rho * (1 - 1 / 2))) by (field; lra).
  apply inverse_moment_cut with (c := 1 / rho) (C := c * (1 / rho)); auto; try nra.
  - assert (0 <= inverse_power_tail k (th / rho) h) by (apply inverse_power_tail_ge0; lra).
    assert (0 < / c ^ k) by now apply Rinv_0_lt_compat, pow_lt. lra.
  - rewrite Ropp_mult_distr_l. apply laplace_le_linear. lra.
  - intros N HN. eapply Rle_trans; [|apply two_piece_step_sum_le; auto; lra].
    apply rsum_le; intros m Hm.
    apply Rmult_le_compat_r; [apply step_mass_ge0; auto; lra|].
    assert (H0 : 0 <= step_point N (1 / rho) m) by (apply step_point_ge0; auto; lra).
    assert (H1 : step_point N (1 / rho) m <= 1 / rho) by (apply step_point_le; auto; lra).
    destruct (Rle_dec (step_point N (1 / rho) m) (th / rho)) as [H|_]; [now apply phi_power_le|].
    replace h with (INR n * (1 - 1 / 2)) by (unfold h; field). now apply phi_power_le.
Qed.

(* Either form. *)
Theorem inverse_moment_split_le (form : splits) th : 0 < th <= 1 ->
  Int P (fun o => / rsum n (fun i => w (X i o)) ^ k) ->
  Ex P (fun o => / rsum n (fun i => w (X i o)) ^ k)
  <= inverse_moment_split_bound form k (INR n) rho kap th.
Proof. destruct form; [apply inverse_moment_le|apply inverse_moment_two_split_le]. Qed.
End InverseMoments.

(* B is an upper bound of I_k(n): of E (w(Y_1) + ... + w(Y_n))^{-k} for every
   independent sample Y_1, ..., Y_n with law mu on the space of P. *)
Definition bounds_inverse_moment {Om T : Type} (P : Expectation Om) (mu : Expectation T)
    (w : T -> R) (n k : nat) (B : R) : Prop :=
  forall Y, product_rule P mu Y n ->
    Int P (fun o => / rsum n (fun i => w (Y i o)) ^ k) ->
    Ex P (fun o => / rsum n (fun i => w (Y i o)) ^ k) <= B.

(* The two-split and the one-split forms are such bounds. *)
Lemma split_bounds_inverse_moment {Om T : Type} (P : Expectation Om) (mu : Expectation T)
    (w : T -> R) (n k : nat) (form : splits) (th : R) :
  (0 < k <= n)%nat -> (forall x, 0 < w x) -> Int mu w -> Ex mu w = 1 ->
  Int mu (fun x => w x ^ 2) -> Int mu (fun x => / w x) ->
  (forall t, 0 <= t -> Int mu (fun x => exp (- t * w x))) -> 0 < th <= 1 ->
  bounds_inverse_moment P mu w n k
    (inverse_moment_split_bound form k (INR n) (Ex mu (fun x => w x ^ 2)) (Ex mu (fun x => / w x)) th).
Proof. intros [Hk Hn] w0 Iw Ew Iw2 Iwi Il Hth Y PR I. now apply (inverse_moment_split_le P mu Y n k w). Qed.
