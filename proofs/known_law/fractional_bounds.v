(* T15 for attention over tokens of a known law, and for the gradient in the value matrix.

   The token law has Z(v) = E e^{<v,x>} finite for every v; a the tilt, V a matrix, c = V m(a);
   output_spread V v = tr(V C(v) V^T) + |V (m(v) - m(a))|^2.

     normalised_weight      w = e^{<a,x>} / Z(a)
     known_weight_moment q  M_q = E w^q = Z(qa) / Z(a)^q
     known_output_moment V q  A_q = E[w^q |f|^2] = M_q output_spread V qa,  f = V x - c

   For L >= 3, q, q' in [1,2], t0 > 0, 0 < th < 1, phi(t) = E e^{-tw}, any c > 0 with
   phi(t0) <= e^{-c t0} and ph >= phi(th t0):

     known_law_fractional       E|That - c|^2 <= T15 at A_q, M_q', A_q', F0
     known_law_fractional_participation   E sum p_i^2 <= T15 at M_q
     value_gradient_fractional  E of value_gradient_error of r rows <= T15 at r A_q, M_q',
                                r A_q', r F0 of V = I *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure.
From AttentionBounds.laplace Require Import laplace_bound laplace_identity gamma_function fractional.
From AttentionBounds.sub_gaussian Require Import tilted_mean sub_gaussian_moments sub_gaussian_bounds.
From AttentionBounds.known_law Require Import cumulant known_moments known_law_bounds.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section Constants.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Variables (d : nat) (x : 'I_d -> T -> RR) (a : 'I_d -> RR).
Definition normalised_weight (t : T) : RR := rexp (linear_form x a t) / mass mu x a.
Definition known_weight_moment (q : RR) : RR := mass mu x (fun k => q * a k) / Rpower.Rpower (mass mu x a) q.
Definition known_output_moment (m : nat) (V : 'M[RR]_(m, d)) (q : RR) : RR :=
  known_weight_moment q * output_spread mu x V a (fun k => q * a k).
End Constants.

Lemma fractional_bound_scaled (r : RR) L q q' th c ph A M A' F0 :
  r * fractional_bound L q q' th c ph A M A' F0 = fractional_bound L q q' th c ph (r * A) M (r * A') (r * F0).
Proof.
have e1 (k b l : RR) : r * (k * b * l) = k * (r * b) * l.
  by rewrite -!RmultE; match goal with |- @eq _ ?p ?q => change (@eq R p q) end; ring.
have e2 (g m b l : RR) : r * (g * (m * b) * l) = g * (m * (r * b)) * l.
  by rewrite -!RmultE; match goal with |- @eq _ ?p ?q => change (@eq R p q) end; ring.
have e3 (e l b p : RR) : r * (e * (l * b * p)) = e * (l * (r * b) * p).
  by rewrite -!RmultE; match goal with |- @eq _ ?p ?q => change (@eq R p q) end; ring.
by rewrite /fractional_bound [r * (_ + _ + _)]mulrDr [r * (_ + _)]mulrDr; congr (_ + _ + _); rewrite mulrA; congr (_ / _); [exact: e1|exact: e2|exact: e3].
Qed.

Section FractionalBounds.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR).
Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis x_finite : finite_cumulants mu x.
Variable a : 'I_d -> RR.
Context d0 (Om : measurableType d0) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variables (q q' t0 th c ph : RR).
Hypothesis L3 : (3 <= L)%N.
Hypothesis q_range : 1 <= q <= 2%:R.
Hypothesis q'_range : 1 <= q' <= 2%:R.
Hypothesis t0_pos : 0 < t0.
Hypothesis th_range : 0 < th < 1.
Hypothesis c_pos : 0 < c.
Let w := normalised_weight mu x a.
Hypothesis phi_le : laplace_transform mu w t0 <= rexp (- (c * t0)).
Hypothesis ph_ge : laplace_transform mu w (th * t0) <= ph.

Let Z := mass mu x a.
Let Z0 : 0 < Z. Proof. exact: mass_positive. Qed.
Let Zn : Z != 0. Proof. by rewrite gt_eqF. Qed.
Let w0 t : 0 < w t. Proof. by rewrite divr_gt0// rexp_gt0. Qed.
Let mexp v : measurable_fun setT (fun t => rexp (linear_form x v t)).
Proof. exact: (measurable_fun_comp measurable_fun_exp (measurable_linear_form mx v)). Qed.
Let mw : measurable_fun setT w.
Proof. by apply: measurable_funM => //; exact: measurable_fun_cst. Qed.

(* w^p = e^{<pa,x>} / Z^p *)
Let powerE (p : RR) t : Rpower.Rpower (w t) p = rexp (linear_form x (fun k => p * a k) t) / Rpower.Rpower Z p :> RR.
Proof.
have e0 := elimT (RltP _ _) (rexp_gt0 (linear_form x a t)).
have z0 := elimT (RltP _ _) Z0.
rewrite linear_form_scale /w /normalised_weight -/Z -RdivE' -[RHS]RdivE' /Rdiv.
rewrite -Rpower_mult_distr//; last exact: Rinv_0_lt_compat.
congr Rmult; first by rewrite /Rpower.Rpower ln_exp.
by rewrite /Rpower.Rpower ln_Rinv// Ropp_mult_distr_r_reverse exp_Ropp.
Qed.

Let scale (p : RR) (g : T -> RR) : Pint mu (fun t => rexp (linear_form x (fun k => p * a k) t) * g t) ->
  Pint mu (fun t => Rpower.Rpower (w t) p * g t) /\
  Pmean mu (fun t => Rpower.Rpower (w t) p * g t) =
    (Rpower.Rpower Z p)^-1 * \int[mu]_t (rexp (linear_form x (fun k => p * a k) t) * g t).
Proof.
move=> I; apply: (@Pint_scale _ _ mu (Rpower.Rpower Z p)^-1 _ _ I) => t.
by rewrite powerE mulrAC mulrC.
Qed.

Let weight_integrable (p : RR) : mu.-integrable setT (fun t => (Rpower.Rpower (w t) p : RR)%:E) /\
  weight_moment mu w p = known_weight_moment mu x a p.
Proof.
have I : Pint mu (fun t => rexp (linear_form x (fun k => p * a k) t) * 1).
  by apply: Pint_ext (x_finite (fun k => p * a k)) => t; rewrite mulr1.
have [J E] := scale I; split; first by apply: Pint_ext J => t; rewrite mulr1.
transitivity (Pmean mu (fun t => Rpower.Rpower (w t) p * 1)).
  by rewrite /weight_moment /Rintegral; congr fine; apply: eq_integral => t _; rewrite mulr1.
rewrite E mulrC; congr (_ / _); rewrite /mass /Pmean /Rintegral; congr fine.
by apply: eq_integral => t _; rewrite mulr1.
Qed.

Section Output.
Variables (m : nat) (V : 'M[RR]_(m, d)).
Let f := deviation mu x V a.
Let mf i : measurable_fun setT (f i) := measurable_deviation mu mx V a i.

Let output_integrable (p : RR) i : mu.-integrable setT (fun t => (Rpower.Rpower (w t) p * f i t ^+ 2)%:E) :=
  proj1 (scale (deviation_square_integrable mu1 mx x_finite V a (fun k => p * a k) i)).

Let output_momentE (p : RR) : \sum_(i < m) output_moment mu w (f i) p = known_output_moment mu x a V p.
Proof.
rewrite /known_output_moment /known_weight_moment mulrAC -(deviation_second_moment mu1 mx x_finite).
rewrite mulr_suml; apply: eq_bigr => i _; rewrite mulrC.
exact: (proj2 (scale (deviation_square_integrable mu1 mx x_finite V a (fun k => p * a k) i))).
Qed.

Let centred i : \int[mu]_t (w t * f i t) = 0.
Proof.
have I : Pint mu (fun t => token_weight x a t * f i t).
  have [J _] := mean_lin 1 (- population mu x V a i) (exp_linear_integrable mu1 mx x_finite a (V i)) (x_finite a).
  by apply: Pint_ext J => t; rewrite mul1r mulNr [population mu x V a i * _]mulrC -mulrBr.
have [_ E] := @Pint_scale _ _ mu Z^-1 _ (fun t => w t * f i t) I
  (fun t => etrans (mulrAC _ _ _) (mulrC _ _)).
by rewrite -[LHS]/(Pmean mu (fun t => w t * f i t)) E (deviation_centred mu1 mx x_finite) mulr0.
Qed.

Theorem known_law_fractional :
  (\int[P]_o (square_error mu x V a L X o)%:E
   <= (fractional_bound L q q' th c ph (known_output_moment mu x a V q) (known_weight_moment mu x a q')
        (known_output_moment mu x a V q') (known_F0 mu x a V))%:E)%E.
Proof.
have L0 : (0 < L)%N by exact: leq_trans L3.
have wmE k o : weighted_mean L X w (f k) o = weighted_mean L X (token_weight x a) (f k) o.
  apply: eq_bigr => i _; congr (_ * _).
  by rewrite /w /normalised_weight -mulr_suml invfM invrK -mulrA [_^-1 * (_ * _)]mulrCA mulVf// mulr1.
rewrite (eq_integral (fun o => (\sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2)%:E)); last first.
  move=> o _; rewrite square_errorE//; congr EFin.
  by apply: eq_bigr => i _; rewrite wmE.
have H : (\int[P]_o (\sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2)%:E
   <= (fractional_bound L q q' th c ph (\sum_(i < m) output_moment mu w (f i) q) (weight_moment mu w q')
        (\sum_(i < m) output_moment mu w (f i) q') (\sum_(i < m) \int[mu]_t (f i t ^+ 2)))%:E)%E.
  exact: (fractional_moments P1 mu1 HX mw w0 L3 q_range q'_range t0_pos th_range c_pos phi_le ph_ge mf
    (deviation_integrable mu1 mx x_finite V a) (proj1 (weight_integrable q')) (output_integrable q)
    (output_integrable q') centred).
by move: H; rewrite !output_momentE (proj2 (weight_integrable q')) (known_law_F0 mu1 mx x_finite V a).
Qed.
End Output.

Theorem known_law_fractional_participation :
  (\int[P]_o (\sum_(i < L) (token_weight x a (X i o) / \sum_(j < L) token_weight x a (X j o)) ^+ 2)%:E
   <= (fractional_constant q * known_weight_moment mu x a q * L%:R / Rpower.Rpower (c * (L%:R - 1)) q
       + rexp (- th) * ph ^+ L / (1 - th))%:E)%E.
Proof.
case/andP: q_range => q1 q2; case/andP: th_range => th0 th1.
have := fractional_participation P1 mu1 L3 HX mw w0 t0_pos th0 th1 c_pos phi_le ph_ge q1 q2 (proj1 (weight_integrable q)).
rewrite (proj2 (weight_integrable q)) => /(le_trans _); apply.
rewrite le_eqVlt; apply/orP; left; apply/eqP; apply: eq_integral => o _; congr EFin.
apply: eq_bigr => i _; congr (_ ^+ 2); rewrite /w /normalised_weight -mulr_suml invfM invrK.
by rewrite -mulrA [_^-1 * (_ * _)]mulrCA mulVf// mulr1.
Qed.

Theorem value_gradient_fractional (r : nat) :
  let I : 'M[RR]_d := 1%:M in
  is_true (\int[P]_o (value_gradient_error mu x a L X r o)%:E
   <= (fractional_bound L q q' th c ph (r%:R * known_output_moment mu x a I q) (known_weight_moment mu x a q')
        (r%:R * known_output_moment mu x a I q') (r%:R * known_F0 mu x a I))%:E)%E.
Proof.
move=> I; have L0 : (0 < L)%N by exact: leq_trans L3.
have := value_gradient_scaled mx HX r (known_law_fractional I) L0.
by rewrite fractional_bound_scaled.
Qed.
End FractionalBounds.
