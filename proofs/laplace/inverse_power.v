(* The inverse power of a positive number as a Gamma integral, cut at t.

   inverse_power_tail k t W = INT_t^oo s^{k-1}/(k-1)! e^{-sW} ds, in closed form;
   at t = 0 it is W^{-k}.  Its steps (inverse_power_tail_step) and its behaviour
   in W (inverse_power_tail_plus) are proved from the closed form, without
   integration, and so is its other form W^{-k} Q_k(tW) (inverse_power_tail_gamma).
   Also here: the inequality of arithmetic and geometric means. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds.foundation Require Import finite_sums exponential_bounds.
From AttentionBounds.certificate Require Import bounds_definitions.
Local Open Scope R_scope.

Lemma rsum_split k m a : rsum (k + m) a = rsum k a + rsum m (fun j => a (k + j)%nat).
Proof.
  induction m as [|m IH]; simpl.
  - rewrite Nat.add_0_r. ring.
  - rewrite Nat.add_succ_r. simpl. rewrite IH. ring.
Qed.

Lemma rprod_split k m a : rprod (k + m) a = rprod k a * rprod m (fun j => a (k + j)%nat).
Proof.
  induction m as [|m IH]; simpl.
  - rewrite Nat.add_0_r. ring.
  - rewrite Nat.add_succ_r. simpl. rewrite IH. ring.
Qed.

Lemma rprod_pos n a : (forall i, (i < n)%nat -> 0 < a i) -> 0 < rprod n a.
Proof.
  induction n as [|n IH]; intros H; simpl; [lra|].
  apply Rmult_lt_0_compat; auto.
Qed.

Lemma rprod_inv n a : (forall i, (i < n)%nat -> 0 < a i) ->
  rprod n (fun i => / a i) = / rprod n a.
Proof.
  induction n as [|n IH]; intros H; simpl; [now rewrite Rinv_1|].
  rewrite IH by auto. assert (0 < a n) by auto.
  assert (0 < rprod n a) by (apply rprod_pos; auto). field. lra.
Qed.

(* Arithmetic and geometric means: w_1 ... w_k <= ((w_1 + ... + w_k)/k)^k. *)
Lemma geometric_le_arithmetic k w : (0 < k)%nat -> (forall i, (i < k)%nat -> 0 < w i) ->
  rprod k w <= (rsum k w / INR k) ^ k.
Proof.
  intros Hk Hw. set (A := rsum k w / INR k).
  assert (Hr : 0 < INR k) by now apply lt_0_INR.
  assert (HA : 0 < A) by (apply Rdiv_lt_0_compat; [now apply rsum_gt0|auto]).
  assert (G : forall n, (n <= k)%nat ->
    rprod n w <= A ^ n * exp (rsum n w / A - INR n)).
  { induction n as [|n IH]; intros Hn.
    - simpl. replace (0 / A - 0) with 0 by (field; lra). rewrite exp_0. lra.
    - cbn [rprod rsum pow]. rewrite S_INR.
      assert (0 < w n) by auto.
      assert (K : w n <= A * exp (w n / A - 1)).
      { pose proof (exp_ge_1x (w n / A - 1)) as E.
        apply Rmult_le_compat_l with (r := A) in E; [|lra].
        replace (A * (1 + (w n / A - 1))) with (w n) in E by (field; lra). exact E. }
      replace ((rsum n w + w n) / A - (INR n + 1))
        with ((rsum n w / A - INR n) + (w n / A - 1)) by (field; lra).
      rewrite exp_plus.
      replace (A * A ^ n * (exp (rsum n w / A - INR n) * exp (w n / A - 1)))
        with ((A ^ n * exp (rsum n w / A - INR n)) * (A * exp (w n / A - 1))) by ring.
      apply Rmult_le_compat; try lra.
      + left; apply rprod_pos; intros; apply Hw; lia.
      + apply IH; lia. }
  specialize (G k (le_n k)).
  replace (rsum k w / A - INR k) with 0 in G.
  - rewrite exp_0 in G. lra.
  - assert (0 < rsum k w) by now apply rsum_gt0.
    unfold A. field. split; lra.
Qed.

(* ---- the tail of the Gamma integral ---- *)

Fixpoint inverse_power_tail (k : nat) (t W : R) : R :=
  match k with
  | O => 0
  | S j => (inverse_power_tail j t W + exp (- t * W) * t ^ j / INR (fact j)) / W
  end.

Lemma inverse_power_tail_0 k W : 0 < W -> (0 < k)%nat -> inverse_power_tail k 0 W = / W ^ k.
Proof.
  intros HW. induction k as [|k IH]; intros Hk; [lia|].
  cbn [inverse_power_tail pow]. replace (- 0 * W) with 0 by ring. rewrite exp_0.
  destruct k as [|k].
  - simpl. field. lra.
  - rewrite IH by lia. rewrite (pow_i (S k)) by lia.
    assert (W ^ S k <> 0) by (apply pow_nonzero; lra). field. repeat split; auto; try lra.
    apply not_0_INR, fact_neq_0.
Qed.

Lemma inverse_power_tail_ge0 k t W : 0 < W -> 0 <= t -> 0 <= inverse_power_tail k t W.
Proof.
  intros HW Ht. induction k as [|k IH]; simpl; [lra|].
  apply Rmult_le_pos; [|left; now apply Rinv_0_lt_compat].
  apply Rplus_le_le_0_compat; auto.
  apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat, INR_fact_lt_0].
  apply Rmult_le_pos; [left; apply exp_pos|now apply pow_le].
Qed.

(* d/dt INT_t^oo s^j/j! e^{-sW} ds = - t^j/j! e^{-tW} *)
Lemma inverse_power_tail_derivative j t W : 0 < W ->
  derivable_pt_lim (fun s => inverse_power_tail (S j) s W) t
    (- (exp (- t * W) * t ^ j / INR (fact j))).
Proof.
  intros HW.
  assert (DE : forall s, derivable_pt_lim (fun u => exp (- u * W)) s (exp (- s * W) * (- W))).
  { intros s.
    assert (H : derivable_pt_lim (fun u => - u * W) s (- W)).
    { replace (- W) with (-1 * W + (- s) * 0) by ring.
      apply (derivable_pt_lim_mult (fun u => - u) (fun _ => W)).
      - apply (derivable_pt_lim_opp (fun u => u)). apply derivable_pt_lim_id.
      - apply derivable_pt_lim_const. }
    exact (derivable_pt_lim_comp (fun u => - u * W) exp s _ _ H (derivable_pt_lim_exp _)). }
  assert (DT : forall i s, derivable_pt_lim (fun u => exp (- u * W) * u ^ i / INR (fact i)) s
     ((exp (- s * W) * (- W) * s ^ i + exp (- s * W) * (INR i * s ^ pred i)) / INR (fact i))).
  { intros i s.
    replace ((exp (- s * W) * (- W) * s ^ i + exp (- s * W) * (INR i * s ^ pred i)) / INR (fact i))
      with ((exp (- s * W) * (- W) * s ^ i + exp (- s * W) * (INR i * s ^ pred i)) * / INR (fact i)
            + (exp (- s * W) * s ^ i) * 0) by (unfold Rdiv; ring).
    apply (derivable_pt_lim_mult (fun u => exp (- u * W) * u ^ i) (fun _ => / INR (fact i))).
    - apply (derivable_pt_lim_mult (fun u => exp (- u * W)) (fun u => u ^ i)); [apply DE|].
      apply derivable_pt_lim_pow.
    - apply derivable_pt_lim_const. }
  induction j as [|j IH].
  - assert (H := DT 0%nat t).
    assert (H' : derivable_pt_lim (fun s => (0 + exp (- s * W) * s ^ 0 / INR (fact 0)) * / W) t
       ((0 + (exp (- t * W) * - W * t ^ 0 + exp (- t * W) * (INR 0 * t ^ pred 0)) / INR (fact 0)) * / W
        + (0 + exp (- t * W) * t ^ 0 / INR (fact 0)) * 0)).
    { apply (derivable_pt_lim_mult (fun s => 0 + exp (- s * W) * s ^ 0 / INR (fact 0)) (fun _ => / W)).
      - apply (derivable_pt_lim_plus (fun _ => 0)); [apply derivable_pt_lim_const|exact H].
      - apply derivable_pt_lim_const. }
    replace (- (exp (- t * W) * t ^ 0 / INR (fact 0))) with
      ((0 + (exp (- t * W) * - W * t ^ 0 + exp (- t * W) * (INR 0 * t ^ pred 0)) / INR (fact 0)) * / W
        + (0 + exp (- t * W) * t ^ 0 / INR (fact 0)) * 0) by (simpl; field; lra).
    exact H'.
  - assert (H := DT (S j) t).
    assert (H' : derivable_pt_lim
      (fun s => (inverse_power_tail (S j) s W + exp (- s * W) * s ^ S j / INR (fact (S j))) * / W) t
      ((- (exp (- t * W) * t ^ j / INR (fact j)) +
        (exp (- t * W) * - W * t ^ S j + exp (- t * W) * (INR (S j) * t ^ pred (S j))) / INR (fact (S j))) * / W
       + (inverse_power_tail (S j) t W + exp (- t * W) * t ^ S j / INR (fact (S j))) * 0)).
    { apply (derivable_pt_lim_mult
        (fun s => inverse_power_tail (S j) s W + exp (- s * W) * s ^ S j / INR (fact (S j))) (fun _ => / W)).
      - apply (derivable_pt_lim_plus (fun s => inverse_power_tail (S j) s W)); [exact IH|exact H].
      - apply derivable_pt_lim_const. }
    replace (- (exp (- t * W) * t ^ S j / INR (fact (S j)))) with
      ((- (exp (- t * W) * t ^ j / INR (fact j)) +
        (exp (- t * W) * - W * t ^ S j + exp (- t * W) * (INR (S j) * t ^ pred (S j))) / INR (fact (S j))) * / W
       + (inverse_power_tail (S j) t W + exp (- t * W) * t ^ S j / INR (fact (S j))) * 0).
    + exact H'.
    + cbn [pred]. rewrite fact_simpl, mult_INR. cbn [pow].
      assert (INR (fact j) <> 0) by apply INR_fact_neq_0.
      assert (INR (S j) <> 0) by (apply not_0_INR; lia).
      field; repeat split; auto; lra.
Qed.

(* A step of the integral lies between its end-point values. *)
Lemma inverse_power_tail_step k a b W : 0 < W -> (0 < k)%nat -> 0 <= a <= b ->
  exp (- b * W) * ((b ^ k - a ^ k) / INR (fact k))
  <= inverse_power_tail k a W - inverse_power_tail k b W
  <= exp (- a * W) * ((b ^ k - a ^ k) / INR (fact k)).
Proof.
  intros HW Hk [Ha Hab]. destruct k as [|j]; [lia|].
  destruct Hab as [Hab| ->].
  2:{ replace (b ^ S j - b ^ S j) with 0 by ring.
      replace (0 / INR (fact (S j))) with 0 by (unfold Rdiv; ring). lra. }
  pose (G := fun C s => inverse_power_tail (S j) s W + C * (s ^ S j / INR (fact (S j)))).
  assert (DG : forall C s, derivable_pt_lim (G C) s
    (- (exp (- s * W) * s ^ j / INR (fact j)) + C * (s ^ j / INR (fact j)))).
  { intros C s. unfold G.
    apply (derivable_pt_lim_plus (fun s => inverse_power_tail (S j) s W)).
    - now apply inverse_power_tail_derivative.
    - apply (derivable_pt_lim_scal (fun s => s ^ S j / INR (fact (S j)))).
      replace (s ^ j / INR (fact j)) with
        ((INR (S j) * s ^ pred (S j)) * / INR (fact (S j)) + s ^ S j * 0).
      + apply (derivable_pt_lim_mult (fun s => s ^ S j) (fun _ => / INR (fact (S j)))).
        * apply derivable_pt_lim_pow.
        * apply derivable_pt_lim_const.
      + cbn [pred]. rewrite fact_simpl, mult_INR.
        assert (INR (fact j) <> 0) by apply INR_fact_neq_0.
        assert (INR (S j) <> 0) by (apply not_0_INR; lia). field; auto. }
  assert (P : forall s, a < s < b -> 0 <= s ^ j / INR (fact j)).
  { intros s Hs. apply Rmult_le_pos; [apply pow_le; lra|].
    left; apply Rinv_0_lt_compat, INR_fact_lt_0. }
  assert (mono : forall s u, s <= u -> exp (- u * W) <= exp (- s * W)).
  { intros s u [H| ->]; [left; apply exp_increasing; nra|apply Rle_refl]. }
  split.
  - destruct (MVT_cor2 (G (exp (- b * W))) _ a b Hab (fun c _ => DG _ c)) as [c [E Hc]].
    assert (H : G (exp (- b * W)) b <= G (exp (- b * W)) a).
    { assert (exp (- b * W) <= exp (- c * W)) by (apply mono; lra).
      assert (0 <= c ^ j / INR (fact j)) by (apply P; lra).
      replace (exp (- c * W) * c ^ j / INR (fact j)) with (exp (- c * W) * (c ^ j / INR (fact j))) in E
        by (unfold Rdiv; ring).
      set (q := c ^ j / INR (fact j)) in *.
      assert (- (exp (- c * W) * q) + exp (- b * W) * q <= 0) by nra. nra. }
    unfold G in H. unfold Rdiv in *. nra.
  - destruct (MVT_cor2 (G (exp (- a * W))) _ a b Hab (fun c _ => DG _ c)) as [c [E Hc]].
    assert (H : G (exp (- a * W)) a <= G (exp (- a * W)) b).
    { assert (exp (- c * W) <= exp (- a * W)) by (apply mono; lra).
      assert (0 <= c ^ j / INR (fact j)) by (apply P; lra).
      replace (exp (- c * W) * c ^ j / INR (fact j)) with (exp (- c * W) * (c ^ j / INR (fact j))) in E
        by (unfold Rdiv; ring).
      set (q := c ^ j / INR (fact j)) in *.
      assert (- (exp (- c * W) * q) + exp (- a * W) * q >= 0) by nra. nra. }
    unfold G in H. unfold Rdiv in *. nra.
Qed.

Lemma inverse_power_tail_le k t W : 0 < W -> (0 < k)%nat -> 0 <= t ->
  inverse_power_tail k t W <= / W ^ k.
Proof.
  intros HW Hk Ht. rewrite <- inverse_power_tail_0 by auto.
  destruct (inverse_power_tail_step k 0 t W HW Hk) as [H _]; [lra|].
  assert (0 <= exp (- t * W) * ((t ^ k - 0 ^ k) / INR (fact k))).
  { apply Rmult_le_pos; [left; apply exp_pos|].
    apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat, INR_fact_lt_0].
    rewrite pow_i by auto. pose proof (pow_le t k Ht). lra. }
  lra.
Qed.

(* INT_t^oo s^{k-1}/(k-1)! e^{-sW} ds = W^{-k} Q_k(tW) *)
Lemma inverse_power_tail_gamma k t W : 0 < W ->
  inverse_power_tail k t W = / W ^ k * upper_gamma_ratio k (t * W).
Proof.
  intros HW. unfold upper_gamma_ratio. rewrite Ropp_mult_distr_l.
  induction k as [|k IH]; cbn [inverse_power_tail exponential_sum pow]; [ring|].
  rewrite IH, Rpow_mult_distr. assert (W ^ k <> 0) by (apply pow_nonzero; lra).
  pose proof (INR_fact_neq_0 k). field. repeat split; auto; lra.
Qed.

(* the tail decreases as the cut grows *)
Lemma inverse_power_tail_decreasing k a b W : 0 < W -> 0 <= a <= b ->
  inverse_power_tail k b W <= inverse_power_tail k a W.
Proof.
  intros HW [Ha Hab]. destruct k as [|k]; [apply Rle_refl|].
  destruct (inverse_power_tail_step (S k) a b W HW) as [H _]; [lia|lra|].
  assert (0 <= exp (- b * W) * ((b ^ S k - a ^ S k) / INR (fact (S k)))).
  { apply Rmult_le_pos; [left; apply exp_pos|].
    apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat, INR_fact_lt_0].
    assert (a ^ S k <= b ^ S k) by (apply pow_incr; auto). lra. }
  lra.
Qed.

(* tail_k(t, x + y) <= e^{-ty} tail_k(t, x) *)
Lemma inverse_power_tail_plus k t x y : 0 < x -> 0 <= y -> 0 <= t ->
  inverse_power_tail k t (x + y) <= exp (- t * y) * inverse_power_tail k t x.
Proof.
  intros Hx Hy Ht. induction k as [|k IH]; simpl; [lra|].
  set (q := t ^ k / INR (fact k)).
  assert (Hq : 0 <= q).
  { apply Rmult_le_pos; [now apply pow_le|left; apply Rinv_0_lt_compat, INR_fact_lt_0]. }
  replace (exp (- t * (x + y)) * t ^ k / INR (fact k)) with (exp (- t * y) * (exp (- t * x) * q)).
  2:{ unfold q, Rdiv. replace (- t * (x + y)) with (- t * y + - t * x) by ring.
      rewrite exp_plus. ring. }
  replace (exp (- t * y) * ((inverse_power_tail k t x + exp (- t * x) * t ^ k / INR (fact k)) / x))
    with ((exp (- t * y) * inverse_power_tail k t x + exp (- t * y) * (exp (- t * x) * q)) / x)
    by (unfold q, Rdiv; ring).
  pose proof (exp_pos (- t * y)). pose proof (exp_pos (- t * x)).
  assert (0 <= exp (- t * x) * q) by (apply Rmult_le_pos; lra).
  apply Rmult_le_compat.
  - apply Rplus_le_le_0_compat; [apply inverse_power_tail_ge0; lra|].
    apply Rmult_le_pos; [lra|assumption].
  - left; apply Rinv_0_lt_compat; lra.
  - lra.
  - apply Rinv_le_contravar; lra.
Qed.
