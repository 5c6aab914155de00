(* Gaussian integration by parts on the line: what is needed of real analysis,
   for F with derivative F1, and |F1 z|, |z F z| <= K (1 + z^2).

     normal_density z    e^{-z^2/2} / sqrt(2 pi)
     stein_numerator z   F1 z - z F z + 2 K (1 + z^2) >= 0
     stein_density z     stein_numerator z times normal_density z
     stein_primitive z   its primitive, F z times normal_density z plus 2 K times the
                         primitive of (1 + z^2) times normal_density z
     primitive_limit     the limit 1 of the latter at +oo; so the total increase of
                         stein_primitive is 4 K *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From AttentionBounds.gaussian Require Import normal_integral.
Local Open Scope R_scope.

Definition normal_density (z : R) : R := exp (- z^2 / 2) / sqrt (2 * PI).

Section Stein.
Variables (F F1 : R -> R) (K : R).
Hypothesis F_der : forall z, derivable_pt_lim F z (F1 z).
Hypothesis F1_cont : forall z, continuity_pt F1 z.
Hypothesis F1_bound : forall z, Rabs (F1 z) <= K * (1 + z^2).
Hypothesis F_bound : forall z, Rabs (z * F z) <= K * (1 + z^2).

Definition stein_numerator z : R := F1 z - z * F z + 2 * K * (1 + z^2).
Definition stein_density z : R := stein_numerator z * normal_density z.
Definition stein_primitive z : R := F z * normal_density z + 2 * K * tilted_primitive 0 1 0 1 z.

Lemma stein_numerator_ge0 z : 0 <= stein_numerator z.
Proof.
  unfold stein_numerator. pose proof (F1_bound z) as H1. pose proof (F_bound z) as H2.
  apply Rabs_le_between in H1. apply Rabs_le_between in H2. nra.
Qed.

Lemma normal_density_pos z : 0 < normal_density z.
Proof. apply Rdiv_lt_0_compat; [apply exp_pos|apply bell_mass_pos]. Qed.

Lemma stein_density_ge0 z : 0 <= stein_density z.
Proof. apply Rmult_le_pos; [apply stein_numerator_ge0|left; apply normal_density_pos]. Qed.

Lemma normal_density_der z : derivable_pt_lim normal_density z (- z * normal_density z).
Proof.
  replace (- z * normal_density z) with ((- z * bell z) * / sqrt (2 * PI) + bell z * 0)
    by (unfold normal_density, bell, Rdiv; ring).
  apply (derivable_pt_lim_mult bell (fun _ => / sqrt (2 * PI))).
  - apply is_derive_Reals, bell_der.
  - apply derivable_pt_lim_const.
Qed.

Lemma stein_primitive_der z : derivable_pt_lim stein_primitive z (stein_density z).
Proof.
  unfold stein_primitive.
  replace (stein_density z) with
    ((F1 z * normal_density z + F z * (- z * normal_density z)) + 2 * K * tilted_density 0 1 0 1 z).
  - apply (derivable_pt_lim_plus (fun z => F z * normal_density z) (fun z => 2 * K * tilted_primitive 0 1 0 1 z)).
    + apply (derivable_pt_lim_mult F normal_density); [apply F_der|apply normal_density_der].
    + apply (derivable_pt_lim_scal (tilted_primitive 0 1 0 1)). apply tilted_primitive_der'.
  - unfold stein_density, stein_numerator, tilted_density. fold (normal_density z).
    rewrite Rmult_0_l, exp_0. ring.
Qed.

Lemma stein_density_cont z : continuity_pt stein_density z.
Proof.
  assert (cF : continuity_pt F z) by (apply derivable_continuous_pt; exists (F1 z); apply F_der).
  assert (cd : continuity_pt normal_density z)
    by (apply derivable_continuous_pt; eexists; apply normal_density_der).
  assert (cq : continuity_pt (fun z => 2 * K * (1 + z^2)) z) by reg.
  assert (ci : continuity_pt (fun z : R => z) z) by reg.
  apply (continuity_pt_mult stein_numerator normal_density); auto.
  apply (continuity_pt_plus (fun z => F1 z - z * F z) (fun z => 2 * K * (1 + z^2))); auto.
  apply (continuity_pt_minus F1 (fun z => z * F z)); [apply F1_cont|].
  apply (continuity_pt_mult (fun z => z) F); auto.
Qed.

(* |F z| e^{-z^2/2} <= 2 K |z| e^{-z^2/2} for |z| >= 1 *)
Lemma stein_boundary z : 1 <= Rabs z -> Rabs (F z * normal_density z) <= 2 * K / bell_mass * (Rabs z * bell (Rabs z)).
Proof.
  intros Hz. assert (HB : bell z = bell (Rabs z)).
  { unfold bell. now rewrite pow2_abs. }
  assert (HF : Rabs (F z) <= 2 * K * Rabs z).
  { pose proof (F_bound z) as H. rewrite Rabs_mult, <- (pow2_abs z) in H.
    pose proof (Rabs_pos (F z)). set (r := Rabs z) in *. set (f := Rabs (F z)) in *.
    apply Rmult_le_reg_l with r; [lra|]. 
    assert (Hr : 1 <= r^2) by nra.
    assert (HK : 0 <= K).
    { destruct (Rle_lt_dec 0 K) as [HK|HK]; auto. exfalso.
      assert (0 <= r * f) by (apply Rmult_le_pos; lra). nra. }
    assert (K * 1 <= K * r^2) by (apply Rmult_le_compat_l; auto).
    lra. }
  rewrite Rabs_mult, (Rabs_pos_eq (normal_density z)) by (left; apply normal_density_pos).
  replace (normal_density z) with (/ bell_mass * bell (Rabs z)).
  2:{ rewrite <- HB. unfold normal_density, bell, bell_mass, Rdiv. ring. }
  pose proof bell_mass_pos as HM. pose proof (bell_pos (Rabs z)).
  assert (0 < / bell_mass * bell (Rabs z)) by (apply Rmult_lt_0_compat; auto; now apply Rinv_0_lt_compat).
  replace (2 * K / bell_mass * (Rabs z * bell (Rabs z)))
    with (2 * K * Rabs z * (/ bell_mass * bell (Rabs z))) by (field; lra).
  apply Rmult_le_compat_r; lra.
Qed.

Lemma stein_boundary_seq e : 0 < e -> exists N, forall n, (N <= n)%nat ->
  Rabs (F (INR n) * normal_density (INR n)) < e /\ Rabs (F (- INR n) * normal_density (- INR n)) < e.
Proof.
  intros He. pose proof bell_mass_pos as HM.
  assert (LM : is_lim (fun x => 2 * K / bell_mass * (x * bell x)) p_infty 0).
  { replace (Finite 0) with (Rbar_mult (2 * K / bell_mass) 0) by (simpl; f_equal; ring).
    apply is_lim_scal_l. apply lim_x_bell. }
  destruct (lim_p_seq _ _ LM e He) as [N HN].
  exists (S N). intros n Hn. specialize (HN n ltac:(lia)).
  assert (1 <= INR n) by (apply (le_INR 1); lia).
  assert (A : Rabs (INR n) = INR n) by (apply Rabs_pos_eq; lra).
  assert (A' : Rabs (- INR n) = INR n) by now rewrite Rabs_Ropp.
  rewrite Rminus_0_l, Rabs_Ropp in HN.
  pose proof (Rle_abs (2 * K / bell_mass * (INR n * bell (INR n)))) as HA.
  split.
  - eapply Rle_lt_trans; [apply stein_boundary; lra|]. rewrite A. lra.
  - eapply Rle_lt_trans; [apply stein_boundary; lra|]. rewrite A'. lra.
Qed.

Definition primitive_limit : R := exp (0^2/2) / bell_mass * ((1 + 1) * (bell_mass/2)).

Lemma primitive_limit_value : 2 * K * primitive_limit - - (2 * K * primitive_limit) = 4 * K.
Proof.
  pose proof bell_mass_pos. unfold primitive_limit.
  replace (0 ^ 2 / 2) with 0 by field. rewrite exp_0. field. lra.
Qed.

Lemma stein_limits e : 0 < e -> exists N, forall n, (N <= n)%nat ->
  Rabs (2 * K * primitive_limit - stein_primitive (INR n)) < e /\
  Rabs (- (2 * K * primitive_limit) - stein_primitive (- INR n)) < e.
Proof.
  intros He.
  assert (LP : is_lim (fun z => 2 * K * tilted_primitive 0 1 0 1 z) p_infty (2 * K * primitive_limit)).
  { apply (is_lim_scal_l (tilted_primitive 0 1 0 1) (2 * K) p_infty primitive_limit).
    apply tilted_primitive_lim_p. }
  assert (LN : is_lim (fun z => 2 * K * tilted_primitive 0 1 0 1 z) m_infty (- (2 * K * primitive_limit))).
  { replace (- (2 * K * primitive_limit)) with (2 * K * (exp (0^2/2) / bell_mass * - ((1 + 1) * (bell_mass/2)))).
    - apply (is_lim_scal_l (tilted_primitive 0 1 0 1) (2 * K) m_infty
        (exp (0^2/2) / bell_mass * - ((1 + 1) * (bell_mass/2)))).
      apply tilted_primitive_lim_m.
    - unfold primitive_limit. ring. }
  destruct (stein_boundary_seq (e/2)) as [N0 H0]; [lra|].
  destruct (lim_p_seq _ _ LP (e/2)) as [N1 H1]; [lra|].
  destruct (lim_m_seq _ _ LN (e/2)) as [N2 H2]; [lra|].
  exists (N0 + N1 + N2)%nat. intros n Hn.
  destruct (H0 n) as [B1 B2]; [lia|]. specialize (H1 n ltac:(lia)). specialize (H2 n ltac:(lia)).
  unfold stein_primitive. apply Rabs_def2 in B1. apply Rabs_def2 in B2.
  apply Rabs_def2 in H1. apply Rabs_def2 in H2.
  split; apply Rabs_def1; lra.
Qed.
End Stein.
