(* The value at 0 continued to the left: a continuous f and its primitive F on
   [0, oo) made into a continuous function and its primitive on the line.

     continued f t                f(max(0,t))
     continued_primitive f F t    F(max(0,t)) + f(0) min(0,t)

   inverse_power_tail_vanishes: the tail of the Gamma integral tends to 0. *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From Coquelicot Require Import Rcomplements ElemFct.
From AttentionBounds.foundation Require Import finite_sums.
From AttentionBounds.laplace Require Import inverse_power.
Local Open Scope R_scope.

Definition continued (f : R -> R) (t : R) : R := f (Rmax 0 t).
Definition continued_primitive (f F : R -> R) (t : R) : R := F (Rmax 0 t) + f 0 * Rmin 0 t.

Section Continued.
Variables f F : R -> R.
Hypothesis fc : forall x, continuity_pt f x.
Hypothesis Fd : forall x, derivable_pt_lim F x (f x).

Lemma continued_continuous x : continuity_pt (continued f) x.
Proof.
  intros e He. destruct (fc (Rmax 0 x) e He) as [d [Hd H]]. exists d. split; auto.
  intros y [[_ _] Hy]. unfold continued. simpl in *. unfold R_dist in *.
  destruct (Req_dec (Rmax 0 y) (Rmax 0 x)) as [->|Hne].
  - rewrite Rminus_eq_0, Rabs_R0. lra.
  - apply H. split; [split; [exact I|auto]|].
    apply Rle_lt_trans with (2 := Hy). unfold Rmax.
    destruct (Rle_dec 0 y), (Rle_dec 0 x); unfold Rabs; repeat destruct Rcase_abs; lra.
Qed.

Lemma continued_derivable x : derivable_pt_lim (continued_primitive f F) x (continued f x).
Proof.
  unfold continued, continued_primitive. intros e He.
  destruct (Rtotal_order x 0) as [Hx|[->|Hx]].
  - assert (Hm : 0 < - x) by lra. exists (mkposreal _ Hm). intros h Hh0 Hh. simpl in Hh.
    apply Rabs_def2 in Hh. rewrite !Rmax_left, !Rmin_right by lra.
    replace ((F 0 + f 0 * (x + h) - (F 0 + f 0 * x)) / h - f 0) with 0 by (field; auto).
    now rewrite Rabs_R0.
  - rewrite Rmax_left by lra. destruct (Fd 0 e He) as [d H]. exists d. intros h Hh0 Hh.
    rewrite Rplus_0_l, (Rmin_left 0 0) by lra.
    destruct (Rle_lt_dec 0 h) as [Hp|Hn].
    + rewrite Rmax_right, Rmin_left by lra. specialize (H h Hh0 Hh). rewrite Rplus_0_l in H.
      replace (F h + f 0 * 0 - (F 0 + f 0 * 0)) with (F h - F 0) by ring. exact H.
    + rewrite Rmax_left, Rmin_right by lra.
      replace ((F 0 + f 0 * h - (F 0 + f 0 * 0)) / h - f 0) with 0 by (field; auto).
      now rewrite Rabs_R0.
  - destruct (Fd x e He) as [d H]. assert (Hm : 0 < Rmin d x) by (apply Rmin_glb_lt; [apply cond_pos|auto]).
    exists (mkposreal _ Hm). intros h Hh0 Hh. simpl in Hh.
    assert (Rmin d x <= d) by apply Rmin_l. assert (Rmin d x <= x) by apply Rmin_r.
    assert (Hx' := Rabs_def2 _ _ Hh). rewrite !Rmax_right, !Rmin_left by lra.
    replace (F (x + h) + f 0 * 0 - (F x + f 0 * 0)) with (F (x + h) - F x) by ring.
    apply H; auto. lra.
Qed.
End Continued.

(* ---- the tail of the Gamma integral at infinity ---- *)

Lemma power_exp_le_fact k x : 0 < x -> exp (- x) * x ^ k <= INR (fact k).
Proof.
  intros Hx. assert (H := exp_ge_taylor x k (Rlt_le _ _ Hx)). assert (Hf := INR_fact_lt_0 k).
  assert (K : x ^ k / INR (fact k) <= exp x).
  { eapply Rle_trans; [|exact H]. destruct k as [|k]; cbn [sum_f_R0]; [lra|].
    assert (0 <= sum_f_R0 (fun k => x ^ k / INR (fact k)) k).
    { apply cond_pos_sum. intros n. apply Rmult_le_pos; [apply pow_le; lra|].
      left. apply Rinv_0_lt_compat, INR_fact_lt_0. }
    lra. }
  rewrite exp_Ropp. assert (He := exp_pos x). apply Rmult_le_reg_l with (exp x / INR (fact k)).
  - now apply Rdiv_lt_0_compat.
  - replace (exp x / INR (fact k) * (/ exp x * x ^ k)) with (x ^ k / INR (fact k)) by (field; lra).
    replace (exp x / INR (fact k) * INR (fact k)) with (exp x) by (field; lra). exact K.
Qed.

Lemma power_exp_le j x : 0 < x -> exp (- x) * x ^ j / INR (fact j) <= INR (S j) / x.
Proof.
  intros Hx. assert (H := power_exp_le_fact (S j) x Hx). rewrite fact_simpl, mult_INR in H.
  assert (Hf := INR_fact_lt_0 j). cbn [pow] in H.
  apply Rmult_le_reg_r with (INR (fact j) * x); [now apply Rmult_lt_0_compat|].
  replace (exp (- x) * x ^ j / INR (fact j) * (INR (fact j) * x)) with (exp (- x) * (x * x ^ j)) by (field; lra).
  replace (INR (S j) / x * (INR (fact j) * x)) with (INR (S j) * INR (fact j)) by (field; lra). exact H.
Qed.

Lemma inverse_power_tail_vanishes k W : 0 < W ->
  exists C, 0 <= C /\ forall t, 0 < t -> inverse_power_tail k t W <= C / t.
Proof.
  intros HW. induction k as [|j [C [HC IH]]].
  - exists 0. split; [lra|]. intros t Ht. simpl. unfold Rdiv. rewrite Rmult_0_l. lra.
  - assert (Hj : 0 < INR (S j)) by (apply lt_0_INR; lia).
    assert (HP : 0 < W ^ j) by now apply pow_lt.
    exists ((C + INR (S j) / W * / W ^ j) / W). split.
    { apply Rmult_le_pos; [|left; now apply Rinv_0_lt_compat].
      apply Rplus_le_le_0_compat; auto. left. apply Rmult_lt_0_compat; [now apply Rdiv_lt_0_compat|].
      now apply Rinv_0_lt_compat. }
    intros t Ht. cbn [inverse_power_tail].
    replace ((C + INR (S j) / W * / W ^ j) / W / t) with ((C / t + INR (S j) / (t * W) * / W ^ j) / W)
      by (field; lra).
    apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|].
    apply Rplus_le_compat; auto.
    assert (H := power_exp_le j (t * W) (Rmult_lt_0_compat _ _ Ht HW)).
    replace (exp (- t * W) * t ^ j / INR (fact j)) with
      (exp (- (t * W)) * (t * W) ^ j / INR (fact j) * / W ^ j).
    + apply Rmult_le_compat_r; auto. left. now apply Rinv_0_lt_compat.
    + rewrite Rpow_mult_distr. replace (- (t * W)) with (- t * W) by ring.
      assert (Hf := INR_fact_lt_0 j). field. lra.
Qed.
