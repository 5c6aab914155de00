(* The inverse power of a sum of positive numbers, bounded by products.

   Cut INT_0^oo s^{k-1}/(k-1)! e^{-sW} ds = W^{-k} at T.  Over [0,T] take a step
   sum (N steps, left end points); beyond T use
     tail_k(T, x + y) <= e^{-Ty} x^{-k}
   and the inequality of arithmetic and geometric means for x.  The result,
   inverse_power_majorant, is a finite sum of products of functions of one
   number each, so that independence gives its expectation.

     step_point m   m T/N, where step m begins
     step_mass m    INT s^{k-1}/(k-1)! ds over step m, by its closed form
     inverse_power_majorant n w   sum_m step_mass m prod_j e^{-step_point m w_j}
                    + k^{-k} prod_{j<k} w_j^{-1} prod_{j>=k} e^{-T w_j} *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums exponential_bounds.
From AttentionBounds.laplace Require Import inverse_power.
Local Open Scope R_scope.

Section Steps.
Variables (k N : nat) (T : R).
Hypothesis k_pos : (0 < k)%nat.
Hypothesis N_pos : (0 < N)%nat.
Hypothesis T_ge0 : 0 <= T.

Definition step_point (m : nat) : R := INR m * (T / INR N).
Definition step_mass (m : nat) : R :=
  (step_point (S m) ^ k - step_point m ^ k) / INR (fact k).

Lemma step_point_ge0 m : 0 <= step_point m <= step_point (S m).
Proof.
  assert (0 <= T / INR N).
  { apply Rmult_le_pos; auto. left; now apply Rinv_0_lt_compat, lt_0_INR. }
  unfold step_point. rewrite S_INR. pose proof (pos_INR m). split; nra.
Qed.

Lemma step_point_le m : (m < N)%nat -> step_point m <= T.
Proof.
  clear k_pos. intros Hm. unfold step_point. assert (0 < INR N) by now apply lt_0_INR.
  assert (INR m <= INR N) by (apply le_INR; lia).
  replace (INR m * (T / INR N)) with (INR m / INR N * T) by (field; lra).
  rewrite <- (Rmult_1_l T) at 2. apply Rmult_le_compat_r; auto.
  apply Rmult_le_reg_r with (INR N); auto. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Lemma step_mass_ge0 m : 0 <= step_mass m.
Proof.
  destruct (step_point_ge0 m). apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat, INR_fact_lt_0].
  assert (step_point m ^ k <= step_point (S m) ^ k) by (apply pow_incr; auto). lra.
Qed.

Lemma step_telescope W :
  rsum N (fun m => inverse_power_tail k (step_point m) W - inverse_power_tail k (step_point (S m)) W)
  = inverse_power_tail k 0 W - inverse_power_tail k T W.
Proof.
  assert (H : forall n, rsum n (fun m => inverse_power_tail k (step_point m) W
      - inverse_power_tail k (step_point (S m)) W)
    = inverse_power_tail k (step_point 0) W - inverse_power_tail k (step_point n) W).
  { induction n as [|n IH]; cbn [rsum]; [ring|]. rewrite IH. ring. }
  rewrite H. f_equal; f_equal; unfold step_point.
  - simpl; ring.
  - field. assert (0 < INR N) by now apply lt_0_INR. lra.
Qed.

(* W^{-k} <= left step sum over [0,T] + tail beyond T *)
Lemma inverse_power_le_steps W : 0 < W ->
  / W ^ k <= rsum N (fun m => exp (- step_point m * W) * step_mass m) + inverse_power_tail k T W.
Proof.
  intros HW. rewrite <- inverse_power_tail_0 by auto.
  pose proof (step_telescope W) as H.
  assert (K : rsum N (fun m => inverse_power_tail k (step_point m) W
      - inverse_power_tail k (step_point (S m)) W)
    <= rsum N (fun m => exp (- step_point m * W) * step_mass m)).
  { apply rsum_le; intros m Hm. apply inverse_power_tail_step; auto. apply step_point_ge0. }
  lra.
Qed.

(* the left step sum is at most e^{cT/N} times the integral over all t *)
Lemma step_sum_le c : 0 < c ->
  rsum N (fun m => exp (- step_point m * c) * step_mass m) <= exp (c * T / INR N) * / c ^ k.
Proof.
  intros Hc. rewrite <- inverse_power_tail_0 by auto.
  apply Rle_trans with (exp (c * T / INR N) *
    (inverse_power_tail k 0 c - inverse_power_tail k T c)).
  - rewrite <- step_telescope, <- rsum_scal. apply rsum_le; intros m Hm.
    destruct (inverse_power_tail_step k (step_point m) (step_point (S m)) c) as [H _]; auto.
    { apply step_point_ge0. }
    fold (step_mass m) in H.
    apply Rle_trans with (exp (c * T / INR N) * (exp (- step_point (S m) * c) * step_mass m)).
    + rewrite <- Rmult_assoc, <- exp_plus. right. do 2 f_equal.
      unfold step_point. rewrite S_INR. field. assert (0 < INR N) by now apply lt_0_INR. lra.
    + apply Rmult_le_compat_l; auto. left; apply exp_pos.
  - apply Rmult_le_compat_l; [left; apply exp_pos|].
    pose proof (inverse_power_tail_ge0 k T c Hc T_ge0). lra.
Qed.

(* with e^{-cs} up to the cut a and e^{-hs}, h <= c, beyond it, the left step sum
   is at most e^{cT/N} times c^{-k} + INT_a^oo s^{k-1}/(k-1)! e^{-hs} ds *)
Lemma two_piece_step_sum_le a c h : 0 < h <= c -> 0 <= a ->
  rsum N (fun m => (if Rle_dec (step_point m) a then exp (- step_point m * c)
                    else exp (- step_point m * h)) * step_mass m)
  <= exp (c * T / INR N) * (/ c ^ k + inverse_power_tail k a h).
Proof.
  intros [Hh Hc] Ha. assert (Hc0 : 0 < c) by lra. assert (HN : 0 < INR N) by now apply lt_0_INR.
  set (E := exp (c * T / INR N)). assert (HE : 0 < E) by apply exp_pos.
  assert (step : forall m W, 0 < W <= c -> exp (- step_point m * W) * step_mass m
    <= E * (inverse_power_tail k (step_point m) W - inverse_power_tail k (step_point (S m)) W)).
  { intros m W [HW HWc].
    destruct (inverse_power_tail_step k (step_point m) (step_point (S m)) W) as [H _]; auto.
    { apply step_point_ge0. }
    fold (step_mass m) in H. apply Rle_trans with (E * (exp (- step_point (S m) * W) * step_mass m)).
    - rewrite <- Rmult_assoc. apply Rmult_le_compat_r; [apply step_mass_ge0|].
      unfold E. rewrite <- exp_plus. apply exp_le_compat.
      assert (Hs : step_point (S m) = step_point m + T / INR N).
      { unfold step_point. rewrite S_INR. ring. }
      assert (0 <= T / INR N) by (apply Rmult_le_pos; auto; left; now apply Rinv_0_lt_compat).
      rewrite Hs. replace (c * T / INR N) with (c * (T / INR N)) by (unfold Rdiv; ring). nra.
    - apply Rmult_le_compat_l; lra. }
  assert (tail_ge0 : forall m W, 0 < W -> 0 <= inverse_power_tail k (step_point m) W).
  { intros m W HW. apply inverse_power_tail_ge0; auto. apply step_point_ge0. }
  assert (H : forall n, rsum n (fun m => (if Rle_dec (step_point m) a then exp (- step_point m * c)
                    else exp (- step_point m * h)) * step_mass m)
    <= E * (if Rle_dec (step_point n) a then / c ^ k - inverse_power_tail k (step_point n) c
            else / c ^ k + inverse_power_tail k a h - inverse_power_tail k (step_point n) h)).
  { induction n as [|n IH].
    - cbn [rsum]. assert (H0 : step_point 0 = 0) by (unfold step_point; simpl; ring).
      rewrite H0, inverse_power_tail_0 by auto. destruct (Rle_dec 0 a); [|lra].
      rewrite Rminus_eq_0, Rmult_0_r. apply Rle_refl.
    - cbn [rsum]. destruct (step_point_ge0 n) as [Hn0 Hn1].
      destruct (Rle_dec (step_point n) a) as [Hn|Hn].
      + pose proof (step n c (conj Hc0 (Rle_refl c))) as Hs.
        destruct (Rle_dec (step_point (S n)) a) as [Hm|Hm].
        * eapply Rle_trans; [apply Rplus_le_compat; [exact IH|exact Hs]|]. right. ring.
        * eapply Rle_trans; [apply Rplus_le_compat; [exact IH|exact Hs]|].
          rewrite <- Rmult_plus_distr_l. apply Rmult_le_compat_l; [lra|].
          pose proof (tail_ge0 (S n) c Hc0).
          assert (inverse_power_tail k (step_point (S n)) h <= inverse_power_tail k a h)
            by (apply inverse_power_tail_decreasing; lra).
          lra.
      + destruct (Rle_dec (step_point (S n)) a) as [Hm|_]; [lra|].
        eapply Rle_trans; [apply Rplus_le_compat; [exact IH|exact (step n h (conj Hh Hc))]|].
        right. ring. }
  eapply Rle_trans; [apply H|]. apply Rmult_le_compat_l; [lra|].
  assert (0 <= inverse_power_tail k a h) by now apply inverse_power_tail_ge0.
  pose proof (tail_ge0 N c Hc0). pose proof (tail_ge0 N h Hh).
  destruct (Rle_dec (step_point N) a); lra.
Qed.

Definition inverse_power_majorant (n : nat) (w : nat -> R) : R :=
  rsum N (fun m => step_mass m * rprod n (fun j => exp (- step_point m * w j)))
  + / INR k ^ k * rprod n (fun j => if Nat.ltb j k then / w j else exp (- T * w j)).

Lemma inverse_power_le_majorant n w : (k <= n)%nat -> (forall i, (i < n)%nat -> 0 < w i) ->
  / rsum n w ^ k <= inverse_power_majorant n w.
Proof.
  intros Hn Hw. assert (HW : 0 < rsum n w) by (apply rsum_gt0; auto; lia).
  eapply Rle_trans; [now apply inverse_power_le_steps|].
  unfold inverse_power_majorant. apply Rplus_le_compat.
  - right. apply rsum_ext; intros m _. now rewrite rprod_exp_sum, Rmult_comm.
  - assert (Hn' : n = (k + (n - k))%nat) by lia.
    rewrite Hn', rsum_split, rprod_split.
    set (x := rsum k w). set (y := rsum (n - k) (fun j => w (k + j)%nat)).
    assert (Hx : 0 < x) by (apply rsum_gt0; auto; intros; apply Hw; lia).
    assert (Hy : 0 <= y) by (apply rsum_ge0; intros; left; apply Hw; lia).
    rewrite (rprod_ext k (fun j => if Nat.ltb j k then / w j else exp (- T * w j)) (fun j => / w j))
      by (intros j Hj; destruct (Nat.ltb_spec j k); [auto|lia]).
    rewrite (rprod_ext (n - k) _ (fun j => exp (- T * w (k + j)%nat)))
      by (intros j Hj; destruct (Nat.ltb_spec (k + j) k); [lia|auto]).
    rewrite rprod_inv by (intros; apply Hw; lia).
    rewrite (rprod_exp_sum (n - k) T (fun j => w (k + j)%nat)). fold y.
    eapply Rle_trans; [now apply inverse_power_tail_plus|].
    rewrite Rmult_comm, <- Rmult_assoc.
    apply Rmult_le_compat_r; [left; apply exp_pos|].
    eapply Rle_trans; [now apply inverse_power_tail_le|].
    assert (Hr : 0 < INR k) by now apply lt_0_INR.
    assert (Hp : 0 < rprod k w) by (apply rprod_pos; intros; apply Hw; lia).
    assert (AG := geometric_le_arithmetic k w k_pos (fun i Hi => Hw i (Nat.lt_le_trans _ _ _ Hi Hn))).
    fold x in AG. unfold Rdiv in AG. rewrite Rpow_mult_distr, pow_inv in AG.
    assert (Hkk : 0 < INR k ^ k) by now apply pow_lt.
    assert (Hxk : 0 < x ^ k) by now apply pow_lt.
    apply (Rmult_le_compat_l (/ x ^ k * / rprod k w)) in AG.
    + replace (/ x ^ k * / rprod k w * rprod k w) with (/ x ^ k) in AG by (field; lra).
      eapply Rle_trans; [exact AG|]. right. field. lra.
    + apply Rmult_le_pos; left; now apply Rinv_0_lt_compat.
Qed.
End Steps.

(* a bound up to the factor e^{C/N} for every N is a bound *)
Lemma le_of_exp_le x y z C : 0 <= y -> 0 <= C ->
  (forall N, (0 < N)%nat -> x <= exp (C / INR N) * y + z) -> x <= y + z.
Proof.
  intros Hy HC H. apply Rnot_lt_le. intros Hlt.
  pose (e := x - (y + z)). assert (He : 0 < e) by (unfold e; lra).
  assert (0 <= 2 * C * y / e).
  { apply Rmult_le_pos; [nra|left; now apply Rinv_0_lt_compat]. }
  destruct (archimed_cor1 (/ (2 * C + 2 * C * y / e + 1))) as [N [HN HNn]].
  { apply Rinv_0_lt_compat; lra. }
  assert (HN0 : 0 < INR N) by now apply lt_0_INR.
  apply Rinv_lt_contravar in HN; [|apply Rmult_lt_0_compat; apply Rinv_0_lt_compat; lra].
  rewrite !Rinv_inv in HN.
  specialize (H N HNn). set (u := C / INR N) in *.
  assert (Hu : u * INR N = C) by (unfold u; field; lra).
  assert (Hu1 : 0 <= u).
  { apply Rmult_le_pos; auto. left; now apply Rinv_0_lt_compat. }
  assert (Hu2 : u <= 1/2) by nra.
  assert (HE : exp u <= 1 + 2 * u).
  { pose proof (exp_ge_1x (- u)) as G. rewrite exp_Ropp in G.
    pose proof (exp_pos u) as Gp.
    apply (Rmult_le_compat_l (exp u)) in G; [|lra]. rewrite Rinv_r in G by lra.
    nra. }
  assert (K : 2 * u * y < e).
  { apply Rmult_lt_reg_r with (INR N); auto.
    replace (2 * u * y * INR N) with (2 * (u * INR N) * y) by ring. rewrite Hu.
    assert (E : 2 * C * y = 2 * C * y / e * e) by (field; lra).
    rewrite E. rewrite (Rmult_comm e). apply Rmult_lt_compat_r; lra. }
  assert (exp u * y <= (1 + 2 * u) * y) by (apply Rmult_le_compat_r; auto).
  unfold e in K. nra.
Qed.
