(* Derivatives and integrability for the second moment of Gaussian attention, in the
   model of gaussian_flat_bias.v: p_l the weights, T_l = <be, token l - b>,
   e = sum_l p_l T_l, P_2 = sum_l p_l^2.

   The derivatives of p_l, T_m, e, P_2, p_l e, p_l^2, P_2 p_l in coordinate j of token l
   are b_j H1 + be_j H2 with the H1, H2 given (weight_along ... sum_weight_along);
   |T_m| and |e| are at most coordinate_bound, which is integrable, and growth is the
   bounding functional of Stein's identity for p_l e. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import finite_sums real_bridges probability_measure standard_normal.
From AttentionBounds Require Import gaussian_softmax_derivative.
From AttentionBounds Require Import gaussian_resampling gaussian_stein gaussian_flat_bias gaussian_token_stein.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section FlatDerivatives.
Variables (L q : nat) (b be : nat -> RR).
Hypothesis L0 : (0 < L)%N.
Let N := (L * q)%N.
Let p (l : nat) := flat_weight L q b l.
Let T (l : nat) := token_form q b be l.
Let e := flat_deviation L q b be.
Definition power_sum (n : nat) (y : nat -> RR) : RR := \sum_(m < L) flat_weight L q b m y ^+ n.
Let P2 := power_sum 2.

Lemma flat_deviationE y : e y = \sum_(m < L) p m y * T m y. Proof. by []. Qed.

Let p0 (l : nat) y : 0 <= p l y. Proof. exact: flat_weight_ge0. Qed.
Let p1 (l : 'I_L) y : p l y <= 1. Proof. exact: flat_weight_le1. Qed.
Let psum y : \sum_(m < L) p m y = 1. Proof. exact: flat_weight_sum. Qed.

Let mp (l : 'I_L) : measurable_functional N (p l). Proof. exact: measurable_flat_weight. Qed.
Let mT (l : 'I_L) : measurable_functional N (T l).
Proof.
apply: mfun_sum => j; apply: mfunM; first exact: mfun_cst.
by apply: mfunB; [exact: (mfun_coordinate (index_lt l j))|exact: mfun_cst].
Qed.
Let me_ : measurable_functional N e.
Proof. by apply: mfun_sum => l; apply: mfunM; [exact: mp|exact: mT]. Qed.
Let mP2 : measurable_functional N P2.
Proof.
have -> : P2 = fun y => \sum_(m < L) p m y * p m y by apply/funext => y; apply: eq_bigr => m _; rewrite expr2.
by apply: mfun_sum => l; apply: mfunM; exact: mp.
Qed.

Let P2_bound y : 0 <= P2 y <= 1.
Proof.
apply/andP; split; first by apply: sumr_ge0 => m _; exact: sqr_ge0.
rewrite -(psum y); apply: ler_sum => m _; rewrite expr2 -[X in _ <= X]mulr1.
by apply: ler_wpmul2l; [exact: p0|exact: p1].
Qed.

(* ---- derivatives in coordinate j of token l ---- *)

Section Derivatives.
Variables (l : 'I_L) (j : 'I_q).
Let k := (l * q + j)%N.

Lemma delta_sum (f : 'I_L -> RR) : \sum_(m < L) (m == l)%:R * f m = f l.
Proof.
rewrite (bigD1 l)//= eqxx mul1r big1 ?addr0// => m /negbTE ->.
by rewrite mul0r.
Qed.

Lemma weight_along (m : 'I_L) : derivative_along k (p m) (fun y => b j * p m y * ((m == l)%:R - p l y)).
Proof. by move=> y x; have := @flat_weight_der L q b l j y m x (ltn_ord m). Qed.

Lemma form_along (m : 'I_L) : derivative_along k (T m) (fun=> if m == l then be j else 0).
Proof.
move=> y x; have D := @flat_score_der L q be l j y m x (elimT ssrnat.ltP (ltn_ord m)).
have -> : (fun z => T m (update k z y)) =
    (fun z => Rminus (flat_score q be m (update k z y)) (form_bias q b be)).
  by apply/funext => z; rewrite /T /token_form /form_bias RminusE -sumrB; apply: eq_bigr => i _; rewrite mulrBr.
have -> : (if m == l then be j else 0) = Rminus (if Nat.eqb m l then be j else 0) 0.
  rewrite Rminus_0_r; case: PeanoNat.Nat.eqb_spec => [ml|ml]; first by rewrite (_ : m = l) ?eqxx//; exact/val_inj.
  by case: eqVneq => // ml'; case: ml; rewrite ml'.
exact: (derivable_pt_lim_minus _ _ _ _ _ D (derivable_pt_lim_const _ _)).
Qed.

Lemma deviation_along : derivative_along k e (fun y => b j * (p l y * (T l y - e y)) + be j * p l y).
Proof.
have D := @derivative_sum k L (fun m y => p m y * T m y) _ (fun m => derivativeM (weight_along m) (form_along m)).
apply: derivative_ext D => y; rewrite big_split /=; congr (_ + _).
  rewrite (eq_bigr (fun m : 'I_L => b j * ((m == l)%:R * (p m y * T m y)) - b j * p l y * (p m y * T m y))).
    rewrite sumrB -!mulr_sumr delta_sum -flat_deviationE.
    exact: slope_deviation.
  by move=> m _; exact: slope_form.
rewrite (eq_bigr (fun m : 'I_L => (m == l)%:R * (be j * p m y))) ?delta_sum//.
by move=> m _; case: (m == l); rewrite ?mul1r ?mul0r ?mulr0// mulrC.
Qed.

Let P2E y : P2 y = \sum_(m < L) p m y * p m y.
Proof. by apply: eq_bigr => m _; rewrite expr2. Qed.

Lemma square_along : derivative_along k P2
  (fun y => b j * (p l y * (p l y - P2 y) + p l y * (p l y - P2 y))).
Proof.
rewrite (funext P2E).
have D := @derivative_sum k L (fun m y => p m y * p m y) _ (fun m => derivativeM (weight_along m) (weight_along m)).
apply: derivative_ext D => y.
rewrite (eq_bigr (fun m : 'I_L => (m == l)%:R * (b j * (p m y * p m y) + b j * (p m y * p m y))
    - (b j * p l y * (p m y * p m y) + b j * p l y * (p m y * p m y)))).
  rewrite sumrB (delta_sum (fun m => b j * (p m y * p m y) + b j * (p m y * p m y))) big_split /= -mulr_sumr.
  exact: slope_square_sum.
by move=> m _; exact: slope_square.
Qed.

Lemma weight_self_along : derivative_along k (p l) (fun y => b j * p l y * (1 - p l y)).
Proof. by apply: derivative_ext (weight_along l) => y; rewrite eqxx. Qed.

Lemma weight_deviation_along : derivative_along k (fun y => p l y * e y)
  (fun y => b j * (p l y * (1 - p l y) * e y + p l y * p l y * (T l y - e y)) + be j * (p l y * p l y)).
Proof.
by apply: derivative_ext (derivativeM weight_self_along deviation_along) => y; exact: slope_weight_deviation.
Qed.

Lemma weight_square_along : derivative_along k (fun y => p l y * p l y)
  (fun y => b j * (p l y * p l y * (1 - p l y) + p l y * p l y * (1 - p l y)) + be j * 0).
Proof.
by apply: derivative_ext (derivativeM weight_self_along weight_self_along) => y; exact: slope_weight_square.
Qed.

Lemma sum_weight_along : derivative_along k (fun y => P2 y * p l y)
  (fun y => b j * (p l y * p l y * (p l y - P2 y) + p l y * p l y * (p l y - P2 y) + P2 y * p l y * (1 - p l y))
     + be j * 0).
Proof.
by apply: derivative_ext (derivativeM square_along weight_self_along) => y; exact: slope_sum_weight.
Qed.
End Derivatives.

(* ---- integrability ---- *)

Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variable Z : nat -> Om -> RR.
Hypothesis HZ : iid_with_law P standard_normal (L * q) Z.
Let mZ := proj1 HZ.
Let y o : nat -> RR := fun k => Z k o.
Let mfun (F : (nat -> RR) -> RR) : measurable_functional N F -> measurable_fun setT (fun o => F (y o)).
Proof. by move=> mF; apply: mF => k kN; exact: mZ. Qed.

(* a bounded multiple of an integrable function *)
Lemma bounded_multiple (u F : (nat -> RR) -> RR) (c : RR) :
  measurable_functional N u -> measurable_functional N F -> (forall z, `|u z| <= c) ->
  Pint P (fun o => F (y o)) -> Pint P (fun o => u (y o) * F (y o)).
Proof.
move=> mu mF uc IF.
have IA : Pint P (fun o => c * `|F (y o)|).
  have I1 : P.-integrable setT (abse \o (EFin \o (fun o => F (y o)))) by exact: integrable_abse.
  by have := integrablerM measurableT c I1; apply: eq_integrable => // o _ /=; rewrite EFinM.
apply: (@Pint_dominated _ _ P P1 0 _ _ (mfun (mfunM mu mF)) IA) => o.
by rewrite add0r normrM ler_wpmul2r.
Qed.

Lemma bounded_integrable (u : (nat -> RR) -> RR) (c : RR) :
  measurable_functional N u -> (forall z, `|u z| <= c) -> Pint P (fun o => u (y o)).
Proof. by move=> mu uc; apply: (@Pint_bounded _ _ P P1 c) => //; exact: mfun. Qed.

Let norm_p (l : 'I_L) z : `|p l z| <= 1. Proof. by rewrite ger0_norm ?p0 ?p1. Qed.

(* each coordinate is integrable *)
Lemma coordinate_integrable (l : 'I_L) (j : 'I_q) : Pint P (fun o => y o (l * q + j)%N).
Proof.
have [I _] := standard_normal_tilted 0 0 1 0.
have Iid : Pint standard_normal (fun x => x).
  by apply: Pint_ext I => x; rewrite /normal_integral.tilted_quadratic Rmult_0_l exp_0; ring.
have PR := iid_product_rule P1 standard_normal_probability HZ.
by have [] := independence.product_rule_single _ _ _ _ PR (fun x => x) _ (elimT ssrnat.ltP (index_lt l j)) Iid.
Qed.

(* sum of |be_i| (|z| + |b_i|) over all coordinates bounds every |T_m| and |e| *)
Definition coordinate_bound (z : nat -> RR) : RR :=
  \sum_(m < L) \sum_(i < q) `|be i| * (`|z (m * q + i)%N| + `|b i|).

Let term_ge0 (z : nat -> RR) (m : 'I_L) (i : 'I_q) : 0 <= `|be i| * (`|z (m * q + i)%N| + `|b i|).
Proof. by rewrite mulr_ge0// addr_ge0. Qed.

Lemma coordinate_bound_ge0 z : 0 <= coordinate_bound z.
Proof. by apply: sumr_ge0 => m _; apply: sumr_ge0 => i _; exact: term_ge0. Qed.

Lemma form_bounded (m : 'I_L) z : `|T m z| <= \sum_(i < q) `|be i| * (`|z (m * q + i)%N| + `|b i|).
Proof.
apply: le_trans (ler_norm_sum _ _ _) _; apply: ler_sum => i _.
by rewrite normrM ler_wpmul2l// ler_norm_sub.
Qed.

Lemma form_le (m : 'I_L) z : `|T m z| <= coordinate_bound z.
Proof.
apply: le_trans (form_bounded m z) _; rewrite /coordinate_bound (bigD1 m)//= ler_addl.
by apply: sumr_ge0 => r _; apply: sumr_ge0 => i _; exact: term_ge0.
Qed.

Lemma deviation_le z : `|e z| <= coordinate_bound z.
Proof.
rewrite flat_deviationE; apply: le_trans (ler_norm_sum _ _ _) _; apply: ler_sum => m _.
rewrite normrM; apply: le_trans (form_bounded m z).
by rewrite -[X in _ <= X]mul1r ler_wpmul2r.
Qed.

Definition total_slope : RR := \sum_(m < L) \sum_(i < q) `|be i|.
Let C := total_slope.
Lemma total_slope_ge0 : 0 <= C. Proof. by apply: sumr_ge0 => m _; apply: sumr_ge0. Qed.

Lemma coordinate_bound_update k z :
  coordinate_bound z <= coordinate_bound (update k 0 z) + C * `|z k|.
Proof.
rewrite /C mulr_suml -big_split; apply: ler_sum => m _ /=.
rewrite mulr_suml -big_split; apply: ler_sum => i _ /=.
rewrite -mulrDr ler_wpmul2l// addrAC ler_add2r /update.
by case: eqVneq => [->|_]; rewrite ?normr0 ?add0r// ler_addl.
Qed.

Lemma update_le_bound k z : coordinate_bound (update k 0 z) <= coordinate_bound z.
Proof.
apply: ler_sum => m _; apply: ler_sum => i _; rewrite ler_wpmul2l// ler_add2r /update.
by case: eqVneq => [_|//]; rewrite normr0.
Qed.

Let mbound : measurable_functional N coordinate_bound.
Proof.
apply: mfun_sum => m; apply: mfun_sum => i; apply: mfunM; first exact: mfun_cst.
apply: mfunD; last exact: mfun_cst.
move=> ? S Y mY; apply: (@measurable_fun_comp _ _ _ _ _ _ (@Num.norm _ _ : RR -> RR) _ (Y (m * q + i)%N)) => //.
exact: (mY _ (index_lt m i)).
Qed.

Lemma coordinate_bound_integrable : Pint P (fun o => coordinate_bound (y o)).
Proof.
have I1 (m : 'I_L) (i : 'I_q) : Pint P (fun o => `|be i| * (`|y o (m * q + i)%N| + `|b i|)).
  have I0 : P.-integrable setT (abse \o (EFin \o (fun o => y o (m * q + i)%N))).
    exact/integrable_abse/(coordinate_integrable m i).
  have := Pint_lin (`|be i| : R) (`|be i| * `|b i| : R) (I0 : Pint P (fun o => `|y o (m * q + i)%N|)) (Pint_const P1 1).
  by apply: Pint_ext => o; rewrite Rmult_1_r RplusE RmultE -mulrDr.
have I2 (m : 'I_L) := @Pmean_sum _ _ P P1 q _ _ (I1 m) (fun i => erefl).
exact: (proj1 (@Pmean_sum _ _ P P1 L _ _ (fun m => proj1 (I2 m)) (fun m => erefl))).
Qed.

(* the growth functional of Stein's identity for F = p_l e *)
Definition growth (k : nat) (bj bej : RR) (z : nat -> RR) : RR :=
  (3%:R * `|bj| + 1) * (coordinate_bound (update k 0 z) + C) + `|bej|.

Lemma growth_update k bj bej x z : growth k bj bej (update k x z) = growth k bj bej z.
Proof. by rewrite /growth update_update. Qed.

Lemma measurable_growth k bj bej : measurable_functional N (growth k bj bej).
Proof.
apply: mfunD; last exact: mfun_cst.
apply: mfunM; first exact: mfun_cst.
apply: mfunD; last exact: mfun_cst.
move=> ? S Y mY; apply: (mbound (Y := fun j s => update k 0 (fun i => Y i s) j)) => j jN.
rewrite /update; case: eqP => _; first exact: measurable_fun_cst.
exact: mY.
Qed.

Lemma growth_integrable k bj bej : Pint P (fun o => growth k bj bej (y o)).
Proof.
have I1 : Pint P (fun o => coordinate_bound (update k 0 (y o))).
  apply: (@Pint_dominated _ _ P P1 0 _ _ _ coordinate_bound_integrable) => [|o].
    apply: (mbound (Y := fun j o => update k 0 (fun i => Z i o) j)) => j jN.
    rewrite /update; case: eqP => _; first exact: measurable_fun_cst.
    exact: mZ.
  by rewrite add0r ger0_norm ?coordinate_bound_ge0//; exact: update_le_bound.
have := Pint_lin (3%:R * `|bj| + 1 : R) ((3%:R * `|bj| + 1) * C + `|bej| : R) I1 (Pint_const P1 1).
by apply: Pint_ext => o; rewrite Rmult_1_r RplusE RmultE /growth mulrDr addrA.
Qed.
End FlatDerivatives.
