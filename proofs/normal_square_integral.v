(* The Gaussian integral of e^{x g^2 + y g}, for x < 1/2, by its primitive:

     INT e^{x g^2 + y g} e^{-g^2/2} / sqrt(2 pi) dg = e^{normal_square_cgf x y},
     normal_square_cgf x y = -1/2 ln(1-2x) + y^2/(2(1-2x)).

   The primitive is e^{y^2/(2(1-2x))} / (s sqrt(2 pi)) times the integral of the
   bell curve from 0 to s g - y/s, with s = sqrt(1-2x). *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From AttentionBounds Require Import normal_integral.
Local Open Scope R_scope.

Definition normal_square_cgf (x y : R) : R := - (1 / 2) * ln (1 - 2 * x) + y ^ 2 / (2 * (1 - 2 * x)).

Section SquareIntegral.
Variables x y : R.
Hypothesis x_lt : 2 * x < 1.
Let s := sqrt (1 - 2 * x).
Let C := exp (y ^ 2 / (2 * (1 - 2 * x))) / (s * bell_mass).

Definition normal_square_density (g : R) : R := exp (x * g ^ 2 + y * g) * (exp (- g ^ 2 / 2) / sqrt (2 * PI)).
Definition normal_square_primitive (g : R) : R := C * bell_integral (s * g - y / s).

Lemma square_scale : 0 < s /\ s * s = 1 - 2 * x.
Proof. split; [apply sqrt_lt_R0; lra|apply sqrt_sqrt; lra]. Qed.

Lemma normal_square_density_bell g : normal_square_density g = C * (s * bell (s * g - y / s)).
Proof.
  destruct square_scale as [s0 s2]. pose proof bell_mass_pos as HB.
  unfold normal_square_density, C, bell. fold bell_mass.
  replace (exp (y ^ 2 / (2 * (1 - 2 * x))) / (s * bell_mass) * (s * exp (- (s * g - y / s) ^ 2 / 2)))
    with (exp (y ^ 2 / (2 * (1 - 2 * x))) * exp (- (s * g - y / s) ^ 2 / 2) / bell_mass) by (field; lra).
  replace (exp (x * g ^ 2 + y * g) * (exp (- g ^ 2 / 2) / bell_mass))
    with (exp (x * g ^ 2 + y * g) * exp (- g ^ 2 / 2) / bell_mass) by (field; lra).
  rewrite <- !exp_plus. do 2 f_equal. rewrite <- s2.
  replace (- g ^ 2 / 2) with (- (s * s + 2 * x) * g ^ 2 / 2) by (rewrite s2; field).
  field. lra.
Qed.

Lemma normal_square_primitive_der g :
  derivable_pt_lim normal_square_primitive g (normal_square_density g).
Proof.
  apply is_derive_Reals. rewrite normal_square_density_bell. apply is_derive_scal. evar_last.
  - apply (is_derive_comp bell_integral (fun g => s * g - y / s) g); [apply bell_integral_der|auto_derive; auto].
  - unfold scal; simpl; unfold mult; simpl. ring.
Qed.

Lemma normal_square_density_cont g : continuity_pt normal_square_density g.
Proof.
  apply continuity_pt_filterlim, (ex_derive_continuous normal_square_density).
  unfold normal_square_density. auto_derive. auto.
Qed.

Lemma normal_square_density_ge0 g : 0 <= normal_square_density g.
Proof.
  rewrite normal_square_density_bell. destruct square_scale as [s0 _]. pose proof bell_mass_pos.
  assert (0 < C) by (apply Rdiv_lt_0_compat; [apply exp_pos|now apply Rmult_lt_0_compat]).
  pose proof (bell_pos (s * g - y / s)). left. apply Rmult_lt_0_compat; [assumption|]. now apply Rmult_lt_0_compat.
Qed.

Lemma affine_lim (z : Rbar) : z = p_infty \/ z = m_infty -> is_lim (fun g => s * g - y / s) z z.
Proof.
  destruct square_scale as [s0 _]. intros Hz.
  assert (E : Rbar_mult s z = z).
  { destruct Hz as [->| ->]; simpl; destruct (Rle_dec 0 s) as [H|H]; try lra;
      destruct (Rle_lt_or_eq_dec 0 s H); auto; lra. }
  assert (H : is_lim (fun g => s * g) z z).
  { rewrite <- E at 2. apply (is_lim_scal_l (fun g => g)). apply is_lim_id. }
  apply is_lim_minus with z (y / s); [exact H|apply is_lim_const|].
  destruct Hz as [->| ->]; reflexivity.
Qed.

Lemma normal_square_lim_p : is_lim normal_square_primitive p_infty (C * (bell_mass / 2)).
Proof.
  apply (is_lim_scal_l _ C p_infty (bell_mass / 2)).
  apply (is_lim_comp bell_integral _ p_infty (bell_mass / 2) p_infty); [apply lim_bell_integral|auto using affine_lim|].
  exists 0; intros; discriminate.
Qed.

Lemma normal_square_lim_m : is_lim normal_square_primitive m_infty (C * - (bell_mass / 2)).
Proof.
  apply (is_lim_scal_l _ C m_infty (- (bell_mass / 2))).
  apply (is_lim_comp bell_integral _ m_infty (- (bell_mass / 2)) m_infty); [|auto using affine_lim|exists 0; intros; discriminate].
  apply is_lim_ext with (fun t => - bell_integral (- t)).
  { intros t. rewrite bell_integral_odd. ring. }
  apply (is_lim_opp (fun t => bell_integral (- t)) m_infty (bell_mass / 2)).
  apply is_lim_flip, lim_bell_integral.
Qed.

Lemma normal_square_total : C * (bell_mass / 2) - C * - (bell_mass / 2) = exp (normal_square_cgf x y).
Proof.
  destruct square_scale as [s0 s2]. pose proof bell_mass_pos.
  unfold normal_square_cgf. rewrite exp_plus.
  replace (- (1 / 2) * ln (1 - 2 * x)) with (- ln s).
  - rewrite exp_Ropp, exp_ln by auto. unfold C. field. lra.
  - rewrite <- s2, ln_mult by auto. field.
Qed.
End SquareIntegral.

(* its value at x = lam s2 nu, y = - r b with r^2 = 2 lam, as `norm-mgf` uses it *)
Lemma normal_square_cgf_le lam s2 nu op2 r b : 0 <= lam -> 0 <= s2 -> nu <= op2 ->
  2 * lam * s2 * op2 < 1 -> r ^ 2 = 2 * lam ->
  normal_square_cgf (lam * s2 * nu) (- (r * b))
  <= - (1 / 2) * ln (1 - 2 * lam * s2 * nu) + lam * b ^ 2 / (1 - 2 * lam * s2 * op2).
Proof.
  intros Hl Hs Hn Hop Hr. unfold normal_square_cgf.
  assert (Hls : 0 <= lam * s2) by now apply Rmult_le_pos.
  assert (H : lam * s2 * nu <= lam * s2 * op2) by now apply Rmult_le_compat_l.
  replace (2 * (lam * s2 * nu)) with (2 * lam * s2 * nu) by ring. apply Rplus_le_compat_l.
  replace ((- (r * b)) ^ 2) with (r ^ 2 * b ^ 2) by ring. rewrite Hr.
  replace (2 * lam * b ^ 2 / (2 * (1 - 2 * lam * s2 * nu))) with (lam * b ^ 2 / (1 - 2 * lam * s2 * nu))
    by (field; nra).
  apply Rmult_le_compat_l; [apply Rmult_le_pos; [lra|apply pow2_ge_0]|].
  apply Rinv_le_contravar; nra.
Qed.
