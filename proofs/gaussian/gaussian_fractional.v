(* Theorem T15 (fractional-moments) for i.i.d. Gaussian tokens N(m0, Gamma), Gamma = A A^T.

   With s2 = a^T Gamma a, tau = tr(V Gamma V^T), eta = |V Gamma a|^2, the weight w =
   e^{<a,Y>} / E e^{<a,Y>} (gaussian_weight) and phi(t) = E e^{-tw}:

     gaussian_weight_moment p     M_p = E w^p = e^{(p^2-p) s2/2}
     gaussian_output_moment p     A_p = E[w^p |f|^2] = M_p (tau + (p-1)^2 eta)

   For L >= 3, p, p' in [1,2], t0 > 0, 0 < th < 1, any c > 0 with phi(t0) <= e^{-c t0}
   and ph >= phi(th t0):

     gaussian_fractional         E|That - T|^2 <= T15 at A_p, M_p', A_p', tau + eta
     gaussian_sharp_fractional   E|That - T|^2 <= (tau + eta) (k_p M_p L/(c(L-1))^p + e^{-th} ph^L/(1-th)) *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence integration probability_measure.
From AttentionBounds.laplace Require Import laplace_bound laplace_identity gamma_function fractional.
From AttentionBounds.gaussian Require Import standard_normal gaussian_moments gaussian_attention gaussian_exact.
From AttentionBounds.gaussian Require tilted_power.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section GaussianFractional.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (q D n : nat) (G : nat -> T -> RR).
Hypothesis HG : iid_with_law mu standard_normal q G.
Variables (m0 : 'cV[RR]_D) (A : 'M[RR]_(D, q)) (V : 'M[RR]_(n, D)) (a : 'cV[RR]_D).

Let s2 := score_s2 A a.
Let tau := value_tau A V.
Let eta := value_eta A V a.
Let aw := attention_weight G m0 A a.
Let f := value_deviation G m0 A V a.
Let Z := \int[mu]_t aw t.

Definition gaussian_weight (t : T) : RR := aw t / Z.
Definition gaussian_weight_moment (p : RR) : RR := rexp ((p ^+ 2 - p) * s2 / 2%:R).
Definition gaussian_output_moment (p : RR) : RR := gaussian_weight_moment p * (tau + (p - 1) ^+ 2 * eta).

Let c0 : RR := (a^T *m m0) 0 0.
Let bs := entries (A^T *m a).
Let Bs (i : 'I_n) := entries (row i (V *m A))^T.
Let Emu := probability_expectation mu1.
Let PR : product_rule Emu (probability_expectation standard_normal_probability) G q :=
  iid_product_rule mu1 standard_normal_probability HG.
Let normal := standard_normal_moments.
Let w := gaussian_weight.
Let aw0 t : 0 < aw t. Proof. exact: attention_weight_gt0. Qed.
Let ZE : Z = rexp (c0 + s2 / 2%:R). Proof. exact: (proj2 (attention_weight_mean mu1 HG m0 A a)). Qed.
Let Z0 : 0 < Z. Proof. by rewrite ZE rexp_gt0. Qed.
Let Zn : Z != 0. Proof. by rewrite gt_eqF. Qed.
Let w0 t : 0 < w t. Proof. by rewrite divr_gt0. Qed.
Let mw : measurable_fun setT w.
Proof.
by apply: measurable_funM; [exact: (measurable_attention_weight mu1 HG)|exact: measurable_fun_cst].
Qed.

Let power (p : RR) (t : T) : R := Rtrigo_def.exp (Rmult p (Rplus c0 (rsum q (fun j => Rmult (bs j) (G j t))))).

(* w^p = e^{p <a,Y>} / Z^p, and E of it *)
Let powerE (p : RR) t : Rpower.Rpower (w t) p = power p t / Rpower.Rpower Z p :> RR.
Proof.
have z0 := elimT (RltP _ _) Z0; have e0 := elimT (RltP _ _) (aw0 t).
rewrite /w /gaussian_weight -RdivE' -[RHS]RdivE' /Rdiv -Rpower_mult_distr//; last exact: Rinv_0_lt_compat.
congr Rmult; last by rewrite /Rpower.Rpower ln_Rinv// Ropp_mult_distr_r_reverse exp_Ropp.
by rewrite /Rpower.Rpower /aw (attention_weight_tilt G m0 A a) /token_weight ln_exp.
Qed.

Let massE (p : RR) : (Rpower.Rpower Z p : RR)^-1 * Rtrigo_def.exp (Rplus (Rmult p c0) (Rdiv (Rmult (pow p 2) s2) 2)) =
  gaussian_weight_moment p.
Proof.
rewrite /Rpower.Rpower ZE ln_exp -RinvE' -exp_Ropp -[LHS]rexpD /gaussian_weight_moment; congr (rexp _).
rewrite -IZR2E -!RdivE' expr2; set z := s2.
change (@eq R (Rplus (Ropp (Rmult p (Rplus c0 (Rdiv z 2)))) (Rplus (Rmult p c0) (Rdiv (Rmult (pow p 2) z) 2)))
  (Rdiv (Rmult (Rplus (Rmult p p) (Ropp p)) z) 2)).
by field.
Qed.

Let varianceE : score_variance q bs = s2 :> RR. Proof. exact: score_s2_sum. Qed.

Let weight_moments (p : RR) : mu.-integrable setT (fun t => (Rpower.Rpower (w t) p : RR)%:E) /\
  weight_moment mu w p = gaussian_weight_moment p.
Proof.
have [I E] := @tilted_power.weight_power_mean _ Emu _ G q PR normal c0 bs p.
have [J F] := @Pint_scale _ _ mu (Rpower.Rpower Z p)^-1 _ (fun t => Rpower.Rpower (w t) p : RR) I
  (fun t => etrans (powerE p t) (mulrC _ _)).
split; first exact: J.
rewrite -[LHS]/(Pmean mu (fun t => Rpower.Rpower (w t) p)) F -massE; congr (_ * _).
by rewrite -[LHS]/(Pmean mu (power p)) [LHS]E varianceE.
Qed.

Let output_moments (p : RR) i : mu.-integrable setT (fun t => (Rpower.Rpower (w t) p * f i t ^+ 2)%:E) /\
  output_moment mu w (f i) p = gaussian_weight_moment p *
    ((rsum q (fun j => pow (Bs i j) 2) : RR) + (p - 1) ^+ 2 * (pow (rsum q (fun j => Rmult (Bs i j) (bs j))) 2 : RR)).
Proof.
have [I E] := @tilted_power.weight_power_deviation _ Emu _ G q PR normal c0 bs (Bs i) p.
have gE t : Rpower.Rpower (w t) p * f i t ^+ 2 =
    (Rpower.Rpower Z p)^-1 * Rmult (power p t) (pow (token_deviation G q bs (Bs i) t) 2) :> RR.
  have -> : f i t = token_deviation G q bs (Bs i) t by exact: value_deviation_form.
  by rewrite powerE pow2E RmultE [RHS]mulrA; congr (_ * _); rewrite mulrC.
have [J F] := @Pint_scale _ _ mu (Rpower.Rpower Z p)^-1 _ (fun t => Rpower.Rpower (w t) p * f i t ^+ 2) I gE.
split; first exact: J.
rewrite -[LHS]/(Pmean mu (fun t => Rpower.Rpower (w t) p * f i t ^+ 2)) F -massE -mulrA; congr (_ * _).
rewrite -[LHS]/(Pmean mu (fun t => Rmult (power p t) (pow (token_deviation G q bs (Bs i) t) 2))) [LHS]E varianceE.
by rewrite RmultE RplusE RmultE; congr (_ * (_ + _ * _)); rewrite pow2E.
Qed.

Let output_momentE (p : RR) : \sum_(i < n) output_moment mu w (f i) p = gaussian_output_moment p.
Proof.
rewrite (eq_bigr _ (fun i _ => proj2 (output_moments p i))) -mulr_sumr big_split /= -mulr_sumr.
by rewrite (value_tau_sum A V) (value_eta_sum A V a).
Qed.

Let deviation2 i : mu.-integrable setT (fun t => (f i t ^+ 2)%:E) := proj1 (deviation_square_integral mu1 HG m0 A V a i).
Let mf i : measurable_fun setT (f i) := measurable_value_deviation HG m0 A V a i.
Let centred i : \int[mu]_t (w t * f i t) = 0.
Proof.
have [I E] := weighted_deviation mu1 HG m0 A V a i.
have [_ F] := @Pint_scale _ _ mu Z^-1 _ (fun t => w t * f i t) I (fun t => etrans (mulrAC _ _ _) (mulrC _ _)).
by rewrite -[LHS]/(Pmean mu (fun t => w t * f i t)) F E mulr0.
Qed.

Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variables (p p' t0 th c ph : RR).
Hypothesis L3 : (3 <= L)%N.
Hypothesis p_range : 1 <= p <= 2%:R.
Hypothesis p'_range : 1 <= p' <= 2%:R.
Hypothesis t0_pos : 0 < t0.
Hypothesis th_range : 0 < th < 1.
Hypothesis c_pos : 0 < c.
Hypothesis phi_le : laplace_transform mu w t0 <= rexp (- (c * t0)).
Hypothesis ph_ge : laplace_transform mu w (th * t0) <= ph.
Let L0 : (0 < L)%N. Proof. exact: leq_trans L3. Qed.

Let ratioE i o : w (X i o) / (\sum_(j < L) w (X j o)) = aw (X i o) / (\sum_(j < L) aw (X j o)).
Proof.
by rewrite /w /gaussian_weight -mulr_suml invfM invrK -mulrA [_^-1 * (_ * _)]mulrCA mulVf// mulr1.
Qed.
Let error o := \sum_(i < n) (attention_output G m0 A V a L X i o - population_value m0 A V a i) ^+ 2.

Theorem gaussian_fractional : (\int[P]_o (error o)%:E
  <= (fractional_bound L p p' th c ph (gaussian_output_moment p) (gaussian_weight_moment p')
       (gaussian_output_moment p') (tau + eta))%:E)%E.
Proof.
have wmE k o : weighted_mean L X w (f k) o = weighted_mean L X aw (f k) o.
  by apply: eq_bigr => i _; rewrite ratioE.
rewrite (eq_integral (fun o => (\sum_(i < n) (weighted_mean L X w (f i) o) ^+ 2)%:E)); last first.
  move=> o _; congr EFin; apply: eq_bigr => i _; congr (_ ^+ 2).
  by rewrite wmE; exact: (attention_output_deviation G m0 A V a X i o L0).
have H : (\int[P]_o (\sum_(i < n) (weighted_mean L X w (f i) o) ^+ 2)%:E
   <= (fractional_bound L p p' th c ph (\sum_(i < n) output_moment mu w (f i) p) (weight_moment mu w p')
        (\sum_(i < n) output_moment mu w (f i) p') (\sum_(i < n) \int[mu]_t (f i t ^+ 2)))%:E)%E.
  exact: (fractional_moments P1 mu1 HX mw w0 L3 p_range p'_range t0_pos th_range c_pos phi_le ph_ge mf
    deviation2 (proj1 (weight_moments p')) (fun i => proj1 (output_moments p i))
    (fun i => proj1 (output_moments p' i)) centred).
by move: H; rewrite !output_momentE (proj2 (weight_moments p')) (gaussian_F0 mu1 HG m0 A V a).
Qed.

Theorem gaussian_sharp_fractional : (\int[P]_o (error o)%:E
  <= ((tau + eta) * (fractional_constant p * gaussian_weight_moment p * L%:R / Rpower.Rpower (c * (L%:R - 1)) p
       + rexp (- th) * ph ^+ L / (1 - th)))%:E)%E.
Proof.
have [IE _] := gaussian_error HG m0 A V a P1 HX L0.
rewrite (Pmean_integral IE) lee_fin -[Pmean P _]/(\int[P]_o error o).
apply: (le_trans (gaussian_error_le mu1 HG m0 A V a P1 HX L0)).
apply: ler_wpmul2l.
  rewrite -(gaussian_F0 mu1 HG m0 A V a); apply: sumr_ge0 => i _; apply/fine_ge0/integral_ge0 => t _.
  by rewrite lee_fin sqr_ge0.
case/andP: p_range => p1 p2; case/andP: th_range => th0 th1.
have := fractional_participation P1 mu1 L3 HX mw w0 t0_pos th0 th1 c_pos phi_le ph_ge p1 p2 (proj1 (weight_moments p)).
rewrite (proj2 (weight_moments p)).
rewrite (eq_integral (fun o => (prompt_power G m0 A a L X 2 o)%:E)); last first.
  by move=> o _; congr EFin; apply: eq_bigr => i _; rewrite ratioE.
move=> H; rewrite -lee_fin; apply: le_trans (H).
rewrite /Rintegral fineK// ge0_fin_numE; last first.
  by apply: integral_ge0 => o _; rewrite lee_fin; apply: sumr_ge0 => i _; exact: sqr_ge0.
apply: le_lt_trans (H) _; exact: ltey.
Qed.
End GaussianFractional.
