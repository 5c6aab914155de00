(* The Gaussian integral and the primitives of its exponential-times-quadratic
   multiples, on the real line.

     bell x, bell_mass           e^{-x^2/2} and sqrt(2 pi), its total mass
     bell_integral t             the integral of bell from 0 to t
     polar_kernel t x            2 e^{-t^2 (1+x^2)/2} / (1+x^2)
     polar_part t                its integral in x from 0 to 1; the mass comes from
                                 bell_integral(t)^2 + polar_part(t) = pi/2
     quadratic_primitive al be ga   a primitive of (al + be y + ga y^2) bell y
     tilted_quadratic b al be ga x  e^{bx} (al + be (x-b) + ga (x-b)^2)
     tilted_density b al be ga x    the same times e^{-x^2/2} / sqrt(2 pi)
     tilted_primitive               its primitive, of total increase e^{b^2/2} (al + ga)
                                                           (tilted_primitive_total)
     tilted_one, tilted_square, tilted_shifted_square
                                 tilted_quadratic with the quadratic 1, y^2, (1+y)^2, y = x-b;
                                 al + be y + ga y^2 is a combination of these with the
     coef_unit, coef_low, coef_mixed   coefficients 1, al - be/2 (or ga - be/2), be/2

   The Gaussian integral of e^{x g^2 + y g}, for x < 1/2, by its primitive:

     INT e^{x g^2 + y g} e^{-g^2/2} / sqrt(2 pi) dg = e^{normal_square_cgf x y},
     normal_square_cgf x y = -1/2 ln(1-2x) + y^2/(2(1-2x)),

   a cumulant generating function; normal_square_density is the integrand,
   normal_square_primitive its primitive e^{y^2/(2(1-2x))} / (s sqrt(2 pi)) times
   bell_integral(s g - y/s), s = sqrt(1-2x). *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
Local Open Scope R_scope.

Definition bell (x : R) := exp (- x^2 / 2).
Definition bell_integral (t : R) := RInt bell 0 t.       (* unnormalised *)

Lemma bell_der x : is_derive bell x (- x * bell x).
Proof. unfold bell. auto_derive; auto. unfold Rdiv; simpl. field. Qed.
Lemma bell_cont x : continuous bell x.
Proof. apply (ex_derive_continuous bell). eexists; apply bell_der. Qed.
Lemma bell_pos x : 0 < bell x. Proof. apply exp_pos. Qed.
Lemma bell_even x : bell (- x) = bell x. Proof. unfold bell. f_equal. field. Qed.
Lemma bell_RInt a b : ex_RInt bell a b.
Proof. apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros; apply bell_cont. Qed.
Lemma bell_integral_der t : is_derive bell_integral t (bell t).
Proof. apply (is_derive_RInt bell bell_integral 0 t); [|apply bell_cont].
  apply filter_forall; intros b. apply (RInt_correct (V := R_CompleteNormedModule)), bell_RInt. Qed.

(* ---- the Gaussian integral: bell_integral(t)^2 + polar_part(t) = PI/2 ---- *)
Definition polar_kernel (t x : R) := 2 * exp (- t^2 * (1 + x^2) / 2) / (1 + x^2).
Definition polar_part (t : R) := RInt (polar_kernel t) 0 1.

Lemma polar_kernel_der t x : is_derive (fun u => polar_kernel u x) t (-2 * t * exp (- t^2 * (1 + x^2) / 2)).
Proof. unfold polar_kernel. auto_derive; [nra|]. unfold Rdiv; simpl. field. nra. Qed.
Lemma polar_kernel_cont t x : continuous (polar_kernel t) x.
Proof. apply (ex_derive_continuous (polar_kernel t)). unfold polar_kernel. auto_derive. nra. Qed.
Lemma polar_kernel_RInt t : ex_RInt (polar_kernel t) 0 1.
Proof. apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros; apply polar_kernel_cont. Qed.

Lemma polar_part_der (t : R) : is_derive polar_part t (-2 * bell t * bell_integral t).
Proof.
  assert (D : forall u v, Derive (fun z => polar_kernel z v) u = -2 * u * exp (- u^2 * (1 + v^2) / 2)).
  { intros u v. apply is_derive_unique, polar_kernel_der. }
  evar_last.
  - apply (is_derive_RInt_param polar_kernel 0 1 t).
    + apply filter_forall. intros u x _. eexists; apply polar_kernel_der.
    + intros x _.
      apply continuity_2d_pt_ext with (fun u v => -2 * u * exp (- u^2 * (1 + v^2) / 2)).
      { intros; now rewrite D. }
      apply continuity_2d_pt_mult.
      * apply continuity_2d_pt_mult; [apply continuity_2d_pt_const|apply continuity_2d_pt_id1].
      * apply (continuity_1d_2d_pt_comp exp (fun u v => - u^2 * (1 + v^2) / 2)).
        { apply derivable_continuous_pt, derivable_pt_exp. }
        apply continuity_2d_pt_ext with (fun u v => (-1/2) * (u * u) * (1 + v * v)).
        { intros; field. }
        repeat (apply continuity_2d_pt_mult || apply continuity_2d_pt_plus ||
                apply continuity_2d_pt_const || apply continuity_2d_pt_id1 || apply continuity_2d_pt_id2).
    + apply filter_forall. intros u. apply polar_kernel_RInt.
  - (* integral: substitution u = t x *)
    apply (is_RInt_unique (V := R_CompleteNormedModule)).
    apply is_RInt_ext with (fun x => scal (-2 * bell t) (scal t (bell (t * x + 0)))).
    { intros x _. rewrite D. unfold scal; simpl; unfold mult; simpl. unfold bell.
      replace (- (t * (t * 1)) * (1 + x * (x * 1)) / 2) with
          (- t^2/2 + - (t * x + 0)^2/2) by (simpl; field).
      rewrite exp_plus. simpl. ring. }
    apply (is_RInt_scal (V := R_NormedModule) (fun x => scal t (bell (t * x + 0))) 0 1 (-2 * bell t) (bell_integral t)).
    apply (is_RInt_comp_lin (V := R_NormedModule) bell t 0 0 1).
    rewrite Rmult_0_r, Rmult_1_r, !Rplus_0_r.
    apply (RInt_correct (V := R_CompleteNormedModule)), bell_RInt.
Qed.

Lemma polar_part_0 : polar_part 0 = PI / 2.
Proof.
  unfold polar_part. apply (is_RInt_unique (V := R_CompleteNormedModule)).
  replace (PI/2) with (minus (2 * atan 1) (2 * atan 0)).
  2:{ rewrite atan_1, atan_0. unfold minus, plus, opp; simpl. field. }
  apply (is_RInt_derive (V := R_CompleteNormedModule) (fun x => 2 * atan x) (polar_kernel 0)).
  - intros x _. unfold polar_kernel. evar_last.
    + apply is_derive_scal, is_derive_atan.
    + unfold scal; simpl; unfold mult; simpl.
      replace (- (0 * (0 * 1)) * (1 + x * (x * 1)) / 2) with 0 by (simpl; field). rewrite exp_0.
      unfold Rsqr; field. nra.
  - intros x _. apply polar_kernel_cont.
Qed.

Lemma polar_identity t : bell_integral t ^ 2 + polar_part t = PI / 2.
Proof.
  set (H := fun t => bell_integral t ^2 + polar_part t).
  assert (DH : forall t, is_derive H t 0).
  { intros u. unfold H. evar_last.
    - apply (is_derive_plus (fun t => bell_integral t ^2) polar_part u).
      + apply (is_derive_pow bell_integral 2 u). apply bell_integral_der.
      + apply polar_part_der.
    - unfold plus; simpl. ring. }
  assert (H0 : H 0 = PI/2).
  { unfold H, bell_integral. rewrite RInt_point, polar_part_0. unfold zero; simpl. ring. }
  change (H t = PI/2). rewrite <- H0.
  destruct (MVT_gen H 0 t (fun _ => 0)) as [c [_ E]].
  - intros; apply DH.
  - intros x _. apply derivable_continuous_pt. exists 0. apply is_derive_Reals, DH.
  - lra.
Qed.

Lemma polar_part_bound t : 0 <= polar_part t <= 2 * bell t.
Proof.
  split.
  - unfold polar_part. apply RInt_ge_0; [lra|apply polar_kernel_RInt|]. intros x _. unfold polar_kernel.
    apply Rmult_le_pos; [pose proof (exp_pos (- t^2 * (1 + x^2)/2)); lra|].
    left; apply Rinv_0_lt_compat; nra.
  - unfold polar_part. replace (2 * bell t) with (RInt (fun _ => 2 * bell t) 0 1).
    2:{ rewrite RInt_const. unfold scal; simpl; unfold mult; simpl. ring. }
    apply RInt_le; [lra|apply polar_kernel_RInt|apply ex_RInt_const|].
    intros x Hx. unfold polar_kernel, bell.
    assert (E : exp (- t^2 * (1 + x^2)/2) <= exp (- t^2/2)).
    { destruct (Req_dec (t * x) 0) as [Z|Z].
      - right. f_equal. replace (- t ^ 2 * (1 + x ^ 2) / 2) with (- t^2/2 - (t*x)^2/2) by field.
        rewrite Z. field.
      - left. apply exp_increasing. assert (0 < (t*x)^2) by (apply pow2_gt_0; auto). nra. }
    apply Rle_trans with (2 * exp (- t ^ 2 * (1 + x ^ 2) / 2) / 1); [|lra].
    unfold Rdiv. apply Rmult_le_compat_l.
    + pose proof (exp_pos (- t^2 * (1 + x^2)* /2)); lra.
    + apply Rinv_le_contravar; nra.
Qed.

Lemma lim_bell : filterlim bell (Rbar_locally p_infty) (locally 0).
Proof.
  (* 0 < bell x <= 1/x for x >= 1 : use exp(x^2/2) >= 1 + x^2/2 *)
  apply (is_lim_le_le_loc (fun _ => 0) (fun x => 2 * / x) bell p_infty 0).
  - exists 1. intros x Hx. split; [left; apply bell_pos|].
    unfold bell. replace (- x^2/2) with (- (x^2/2)) by field. rewrite exp_Ropp.
    assert (1 + x^2/2 <= exp (x^2/2)).
    { left. apply exp_ineq1. nra. }
    replace (2 * / x) with (/ (x/2)) by (field; lra).
    apply Rinv_le_contravar; nra.
  - apply is_lim_const.
  - replace (Finite 0) with (Rbar_mult 2 0) by (simpl; f_equal; ring).
    apply is_lim_scal_l. apply (is_lim_inv (fun x => x) p_infty p_infty); [apply is_lim_id|discriminate].
Qed.

Definition bell_mass := sqrt (2 * PI).     (* total mass of bell *)

Lemma bell_integral_ge0 t : 0 <= t -> 0 <= bell_integral t.
Proof. intros Ht. unfold bell_integral. apply RInt_ge_0; auto. apply bell_RInt. intros; left; apply bell_pos. Qed.

Lemma lim_bell_integral : is_lim bell_integral p_infty (bell_mass / 2).
Proof.
  assert (HG : bell_mass / 2 = sqrt (PI/2)).
  { unfold bell_mass. replace (2 * PI) with (2 * 2 * (PI/2)) by field.
    rewrite sqrt_mult, sqrt_square; [field| | |]; pose proof PI_RGT_0; lra. }
  rewrite HG.
  apply is_lim_ext_loc with (fun t => sqrt (PI/2 - polar_part t)).
  { exists 0. intros t Ht. rewrite <- (polar_identity t). replace (bell_integral t ^2 + polar_part t - polar_part t) with (bell_integral t ^2) by ring.
    apply sqrt_pow2. apply bell_integral_ge0; lra. }
  apply is_lim_comp_continuous.
  - replace (Finite (PI/2)) with (Rbar_minus (PI/2) 0) by (simpl; f_equal; ring).
    apply is_lim_minus'; [apply is_lim_const|].
    apply (is_lim_le_le_loc (fun _ => 0) (fun t => 2 * bell t)).
    + exists 0. intros t _. apply polar_part_bound.
    + apply is_lim_const.
    + replace (Finite 0) with (Rbar_mult 2 0) by (simpl; f_equal; ring).
      apply is_lim_scal_l. apply lim_bell.
  - apply continuous_sqrt.
Qed.

Lemma bell_integral_odd t : bell_integral (- t) = - bell_integral t.
Proof.
  unfold bell_integral. apply (is_RInt_unique (V := R_CompleteNormedModule)).
  apply is_RInt_ext with (fun y => opp (opp (bell (- y)))).
  { intros x _. rewrite opp_opp. apply bell_even. }
  apply (is_RInt_opp (V := R_NormedModule) (fun y => opp (bell (- y))) 0 (- t) (RInt bell 0 t)).
  apply (is_RInt_comp_opp (V := R_NormedModule) bell 0 (- t)).
  rewrite Ropp_0, Ropp_involutive. apply (RInt_correct (V := R_CompleteNormedModule)), bell_RInt.
Qed.

Lemma lim_x_bell : is_lim (fun x => x * bell x) p_infty 0.
Proof.
  apply (is_lim_le_le_loc (fun _ => 0) (fun x => 2 * / x)).
  - exists 1. intros x Hx. pose proof (bell_pos x). split; [nra|].
    unfold bell. replace (- x^2/2) with (- (x^2/2)) by field. rewrite exp_Ropp.
    assert (1 + x^2/2 <= exp (x^2/2)) by (left; apply exp_ineq1; nra).
    apply Rmult_le_reg_r with (exp (x^2/2)); [apply exp_pos|].
    rewrite Rmult_assoc, Rinv_l by (apply Rgt_not_eq, exp_pos).
    apply Rle_trans with (2 * / x * (1 + x^2/2)).
    + replace (2 * / x * (1 + x^2/2)) with (2 * / x + x) by (field; lra).
      assert (0 < / x) by (apply Rinv_0_lt_compat; lra). lra.
    + apply Rmult_le_compat_l; auto. assert (0 < / x) by (apply Rinv_0_lt_compat; lra). lra.
  - apply is_lim_const.
  - replace (Finite 0) with (Rbar_mult 2 0) by (simpl; f_equal; ring).
    apply is_lim_scal_l. apply (is_lim_inv (fun x => x) p_infty p_infty); [apply is_lim_id|discriminate].
Qed.

Lemma is_lim_flip f (l : R) : is_lim f p_infty l -> is_lim (fun x => f (- x)) m_infty l.
Proof.
  intros H. apply (is_lim_comp f Ropp m_infty l p_infty); auto.
  - change p_infty with (Rbar_opp m_infty). apply is_lim_opp, is_lim_id.
  - exists 0. intros; discriminate.
Qed.

(* all Gaussian moments with quadratic polynomials: antiderivative (al+ga) bell_integral - (be + ga y) bell *)
Definition quadratic_primitive (al be ga y : R) := (al + ga) * bell_integral y - (be + ga * y) * bell y.

Lemma quadratic_primitive_der al be ga y : is_derive (quadratic_primitive al be ga) y ((al + be * y + ga * y^2) * bell y).
Proof.
  unfold quadratic_primitive. evar_last.
  - apply (is_derive_minus (fun y => (al+ga) * bell_integral y) (fun y => (be + ga * y) * bell y) y).
    + apply is_derive_scal, bell_integral_der.
    + apply (is_derive_mult (fun y => be + ga * y) bell y ga (- y * bell y)).
      * auto_derive; auto. ring.
      * apply bell_der.
      * intros; apply Rmult_comm.
  - unfold minus, plus, opp, mult; simpl. ring.
Qed.

Lemma quadratic_primitive_lim_p al be ga : is_lim (quadratic_primitive al be ga) p_infty ((al + ga) * (bell_mass/2)).
Proof.
  unfold quadratic_primitive.
  apply is_lim_ext with (fun y => (al+ga) * bell_integral y - (be * bell y + ga * (y * bell y))).
  { intros; ring. }
  replace ((al + ga) * (bell_mass/2)) with ((al+ga) * (bell_mass/2) - (be * 0 + ga * 0)) by ring.
  apply is_lim_minus'.
  - apply (is_lim_scal_l bell_integral (al+ga) p_infty (bell_mass/2)). apply lim_bell_integral.
  - apply is_lim_plus'.
    + apply (is_lim_scal_l bell be p_infty 0). apply lim_bell.
    + apply (is_lim_scal_l (fun y => y * bell y) ga p_infty 0). apply lim_x_bell.
Qed.

Lemma quadratic_primitive_lim_m al be ga : is_lim (quadratic_primitive al be ga) m_infty (- ((al + ga) * (bell_mass/2))).
Proof.
  apply is_lim_ext with (fun y => - quadratic_primitive al (- be) ga (- y)).
  { intros y; unfold quadratic_primitive. rewrite bell_even. replace (bell_integral (- y)) with (- bell_integral y) by (symmetry; apply bell_integral_odd). ring. }
  change (Finite (- ((al + ga) * (bell_mass / 2)))) with (Rbar_opp ((al + ga) * (bell_mass / 2))).
  apply is_lim_opp. apply (is_lim_flip (quadratic_primitive al (- be) ga)). apply quadratic_primitive_lim_p.
Qed.

Lemma is_lim_shift f (b : R) (l : R) (s : Rbar) : s = p_infty \/ s = m_infty ->
  is_lim f s l -> is_lim (fun x => f (x - b)) s l.
Proof.
  intros Hs H. apply (is_lim_comp f (fun x => x - b) s l s); auto.
  - destruct Hs as [->| ->].
    + change p_infty with (Rbar_minus p_infty b) at 2. apply is_lim_minus with p_infty b; [apply is_lim_id|apply is_lim_const|reflexivity].
    + change m_infty with (Rbar_minus m_infty b) at 2. apply is_lim_minus with m_infty b; [apply is_lim_id|apply is_lim_const|reflexivity].
  - destruct Hs as [->| ->]; exists 0; intros; discriminate.
Qed.
Lemma bell_mass_pos : 0 < bell_mass.
Proof. unfold bell_mass. apply sqrt_lt_R0. pose proof PI_RGT_0; lra. Qed.

Definition tilted_density (b al be ga x : R) :=
  exp (b * x) * (al + be * (x - b) + ga * (x - b)^2) * (exp (- x^2 / 2) / sqrt (2 * PI)).
Definition tilted_primitive (b al be ga x : R) := exp (b^2/2) / bell_mass * quadratic_primitive al be ga (x - b).

Lemma tilted_density_eq (b al be ga x : R) :
  tilted_density b al be ga x = exp (b^2/2) / bell_mass * ((al + be * (x - b) + ga * (x - b)^2) * bell (x - b)).
Proof.
  pose proof bell_mass_pos as HG. unfold tilted_density, bell. fold bell_mass.
  replace (exp (b * x) * (al + be * (x - b) + ga * (x - b) ^ 2) * (exp (- x ^ 2 / 2) / bell_mass)) with
     ((al + be * (x - b) + ga * (x - b) ^ 2) / bell_mass * (exp (b * x) * exp (- x ^ 2 / 2))) by (field; lra).
  replace (exp (b ^ 2 / 2) / bell_mass * ((al + be * (x - b) + ga * (x - b) ^ 2) * exp (- (x - b) ^ 2 / 2))) with
     ((al + be * (x - b) + ga * (x - b) ^ 2) / bell_mass * (exp (b^2/2) * exp (- (x - b) ^ 2 / 2))) by (field; lra).
  rewrite <- !exp_plus. do 2 f_equal. field.
Qed.

Lemma tilted_primitive_der (b al be ga x : R) : is_derive (tilted_primitive b al be ga) x (tilted_density b al be ga x).
Proof.
  rewrite tilted_density_eq. apply is_derive_scal. evar_last.
  - apply (is_derive_comp (quadratic_primitive al be ga) (fun x => x - b) x); [apply quadratic_primitive_der|auto_derive; auto].
  - unfold scal; simpl; unfold mult; simpl. ring.
Qed.
Lemma tilted_density_cont (b al be ga x : R) : continuous (tilted_density b al be ga) x.
Proof. apply (ex_derive_continuous (tilted_density b al be ga)). unfold tilted_density. auto_derive. auto. Qed.
Lemma tilted_primitive_lim_p (b al be ga : R) : is_lim (tilted_primitive b al be ga) p_infty (exp (b^2/2) / bell_mass * ((al + ga) * (bell_mass/2))).
Proof.
  apply (is_lim_scal_l (fun x => quadratic_primitive al be ga (x - b)) (exp (b^2/2) / bell_mass) p_infty ((al + ga) * (bell_mass / 2))).
  apply is_lim_shift; [auto|]. apply quadratic_primitive_lim_p.
Qed.
Lemma tilted_primitive_lim_m (b al be ga : R) : is_lim (tilted_primitive b al be ga) m_infty (exp (b^2/2) / bell_mass * - ((al + ga) * (bell_mass/2))).
Proof.
  apply (is_lim_scal_l (fun x => quadratic_primitive al be ga (x - b)) (exp (b^2/2) / bell_mass) m_infty (- ((al + ga) * (bell_mass / 2)))).
  apply is_lim_shift; [auto|]. apply quadratic_primitive_lim_m.
Qed.
Lemma tilted_primitive_total (b al ga : R) : exp (b^2/2) / bell_mass * ((al + ga) * (bell_mass/2)) - exp (b^2/2) / bell_mass * - ((al + ga) * (bell_mass/2))
  = exp (b^2/2) * (al + ga).
Proof. pose proof bell_mass_pos. field. lra. Qed.

(* facts in plain-Reals vocabulary, for the measure-theoretic side *)
Lemma tilted_primitive_der' (b al be ga x : R) : derivable_pt_lim (tilted_primitive b al be ga) x (tilted_density b al be ga x).
Proof. apply is_derive_Reals, tilted_primitive_der. Qed.
Lemma tilted_density_cont' (b al be ga x : R) : continuity_pt (tilted_density b al be ga) x.
Proof. apply continuity_pt_filterlim, tilted_density_cont. Qed.
Lemma INR_unbounded M : exists N, M < INR N.
Proof. destruct (nfloor_ex (Rmax 0 M) (Rmax_l 0 M)) as [n [_ Hn]]. exists (S n). rewrite S_INR.
  pose proof (Rmax_r 0 M). lra. Qed.
Lemma lim_p_seq F (l : R) : is_lim F p_infty l ->
  forall e, 0 < e -> exists N, forall n, (N <= n)%nat -> Rabs (l - F (INR n)) < e.
Proof.
  intros H e He. apply is_lim_spec in H. destruct (H (mkposreal e He)) as [M HM].
  destruct (INR_unbounded M) as [N HN]. exists N. intros n Hn. rewrite Rabs_minus_sym.
  apply HM. apply Rlt_le_trans with (1 := HN). now apply le_INR.
Qed.
Lemma lim_m_seq F (l : R) : is_lim F m_infty l ->
  forall e, 0 < e -> exists N, forall n, (N <= n)%nat -> Rabs (l - F (- INR n)) < e.
Proof.
  intros H e He. apply is_lim_spec in H. destruct (H (mkposreal e He)) as [M HM].
  destruct (INR_unbounded (- M)) as [N HN]. exists N. intros n Hn. rewrite Rabs_minus_sym.
  apply HM. assert (INR N <= INR n) by now apply le_INR. lra.
Qed.

(* ---- exponential times quadratic, without the density ---- *)

Definition tilted_quadratic (b al be ga x : R) : R :=
  exp (b * x) * (al + be * (x - b) + ga * (x - b)^2).

Definition tilted_one b x := tilted_quadratic b 1 0 0 x.
Definition tilted_square b x := tilted_quadratic b 0 0 1 x.
Definition tilted_shifted_square b x := tilted_quadratic b 1 2 1 x.

Lemma tilted_quadratic_ge0 b al be ga x : (forall y, 0 <= al + be * y + ga * y^2) ->
  0 <= tilted_quadratic b al be ga x.
Proof. intros H. apply Rmult_le_pos; [left; apply exp_pos | apply H]. Qed.
Lemma tilted_one_ge0 b x : 0 <= tilted_one b x.
Proof. apply tilted_quadratic_ge0. intros; lra. Qed.
Lemma tilted_square_ge0 b x : 0 <= tilted_square b x.
Proof. apply tilted_quadratic_ge0. intros y. pose proof (pow2_ge_0 y). lra. Qed.
Lemma tilted_shifted_square_ge0 b x : 0 <= tilted_shifted_square b x.
Proof. apply tilted_quadratic_ge0. intros y. pose proof (pow2_ge_0 (1 + y)). nra. Qed.

(* Every quadratic is a combination of 1, y^2 and (1 + y)^2, with these coefficients. *)
Definition coef_unit : R := 1.
Definition coef_low (al be : R) := al - be / 2.
Definition coef_mixed (be : R) := be / 2.

Lemma tilted_quadratic_split b al be ga x :
  coef_unit * (coef_low al be * tilted_one b x + coef_low ga be * tilted_square b x)
  + coef_mixed be * tilted_shifted_square b x = tilted_quadratic b al be ga x.
Proof.
  unfold tilted_one, tilted_square, tilted_shifted_square, tilted_quadratic, coef_unit, coef_low, coef_mixed.
  field.
Qed.

Lemma tilted_mean_split b al be ga : let e := exp (b^2 / 2) in
  coef_unit * (coef_low al be * (e * (1 + 0)) + coef_low ga be * (e * (0 + 1)))
  + coef_mixed be * (e * (1 + 1)) = e * (al + ga).
Proof. intros e. unfold coef_unit, coef_low, coef_mixed. field. Qed.

Lemma tilted_quadratic_mgf b x : tilted_quadratic b 1 0 0 x = exp (b * x).
Proof. unfold tilted_quadratic. ring. Qed.
Lemma tilted_quadratic_mean b x : tilted_quadratic b b 1 0 x = x * exp (b * x).
Proof. unfold tilted_quadratic. ring. Qed.
Lemma mgf_value b : exp (b^2 / 2) * (1 + 0) = exp (b^2 / 2).
Proof. ring. Qed.
Lemma mean_value b : exp (b^2 / 2) * (b + 0) = b * exp (b^2 / 2).
Proof. ring. Qed.

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
