(* Theorem T2 (laplace-identity): the moments of softmax averages as one-dimensional
   integrals of expectations of a single token.

   X_0, ..., X_{L-1} are i.i.d. tokens with law mu on any measurable space, L >= 1, w > 0
   any measurable weight, p_i = w(X_i) / sum_j w(X_j), f = (f_0, ..., f_{n-1}) a
   vector-valued function.  With

     laplace_transform mu w t     phi(t) = E e^{-tw}
     laplace_first mu w f t       g(t) = E[w f e^{-tw}], for one coordinate f
     laplace_second mu w f t      E[(w f)^2 e^{-tw}], one coordinate of h(t)
     laplace_power mu w k t       E[w^k e^{-tw}]
     laplace_integrand mu w L f t t (L h phi^{L-1} + L (L-1) |g|^2 phi^{L-2})

   the integrals being over t in (0, oo) with respect to Lebesgue measure:

     laplace_error    E|sum_i p_i f(X_i)|^2
                        = INT t (L h phi^{L-1} + L (L-1) |g|^2 phi^{L-2}) dt,  E|f|^2 finite;
                      the integrand is laplace_integrand
     laplace_bias     E sum_i p_i f(X_i) = INT L g phi^{L-1} dt,  E|f| finite: both sides
                      converge absolutely (for each coordinate of f)
     laplace_participation
                      E P_k = INT t^{k-1}/(k-1)! L E[w^k e^{-tw}] phi^{L-1} dt,
                      P_k = sum_i p_i^k, k >= 1
     laplace_participation_square
                      E P_2^2 = INT t^3/6 (L E[w^4 e^{-tw}] phi^{L-1}
                                           + L (L-1) E[w^2 e^{-tw}]^2 phi^{L-2}) dt,
                      of which the first part is E P_4

   For L = 1 the terms with L - 1 vanish. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums self_normalised abstract_expectation independence integration probability_measure lebesgue_line.
From AttentionBounds.laplace Require Import gamma_integral laplace_identity_abstract.
From AttentionBounds.laplace Require half_line_primitive.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section Definitions.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}) (w : T -> RR).
Definition laplace_transform (t : RR) : RR := \int[mu]_x rexp (- t * w x).
Definition laplace_first (f : T -> RR) (t : RR) : RR := \int[mu]_x (w x * f x * rexp (- t * w x)).
Definition laplace_second (f : T -> RR) (t : RR) : RR := \int[mu]_x ((w x * f x) ^+ 2 * rexp (- t * w x)).
Definition laplace_power (k : nat) (t : RR) : RR := \int[mu]_x (w x ^+ k * rexp (- t * w x)).
Definition laplace_integrand (L n : nat) (f : 'I_n -> T -> RR) (t : RR) : RR :=
  t * (L%:R * (\sum_(k < n) laplace_second (f k) t) * laplace_transform t ^+ (L - 1)
       + L%:R * (L%:R - 1) * (\sum_(k < n) laplace_first (f k) t ^+ 2) * laplace_transform t ^+ (L - 2)).

Lemma laplace_transform_ge0 t : 0 <= laplace_transform t.
Proof. by apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin; exact/ltW/rexp_gt0. Qed.

Lemma laplace_second_ge0 f t : 0 <= laplace_second f t.
Proof.
apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin mulr_ge0 ?sqr_ge0//; exact/ltW/rexp_gt0.
Qed.

Lemma laplace_pairs_ge0 (L n : nat) (f : 'I_n -> T -> RR) t : (0 < L)%N ->
  0 <= L%:R * (L%:R - 1) * (\sum_(k < n) laplace_first (f k) t ^+ 2) * laplace_transform t ^+ (L - 2).
Proof.
move=> L0; rewrite mulr_ge0 ?exprn_ge0 ?laplace_transform_ge0// mulr_ge0//.
  by rewrite mulr_ge0 ?ler0n// subr_ge0 ler1n.
by apply: sumr_ge0 => k _; exact: sqr_ge0.
Qed.

Lemma laplace_integrand_ge0 (L n : nat) (f : 'I_n -> T -> RR) t : (0 < L)%N -> 0 <= t ->
  0 <= laplace_integrand L f t.
Proof.
move=> L0 t0; rewrite mulr_ge0// addr_ge0 ?laplace_pairs_ge0//.
rewrite mulr_ge0 ?exprn_ge0 ?laplace_transform_ge0// mulr_ge0 ?ler0n//.
by apply: sumr_ge0 => k _; exact: laplace_second_ge0.
Qed.
End Definitions.

Lemma minus_subn m n : (m - n)%coq_nat = (m - n)%N.
Proof. by []. Qed.

(* w^k e^{-tw} is at most k!/t^k *)
Lemma power_exp_bounded (k : nat) (t w : RR) : 0 < t -> 0 < w -> w ^+ k * rexp (- t * w) <= (k`!)%:R / t ^+ k.
Proof.
move=> t0 w0; have tw0 : Rlt 0 (Rmult t w) by apply/RltP; exact: mulr_gt0.
have := half_line_primitive.power_exp_le_fact k (Rmult t w) tw0.
move=> /RleP; rewrite factE RpowE !RmultE => H.
rewrite ler_pdivl_mulr ?exprn_gt0// mulrAC -exprMn [w * t]mulrC mulrC.
by rewrite -[- t * w]/(Rmult (Ropp t) w) Ropp_mult_distr_l_reverse.
Qed.

(* the integral of a difference, as real numbers *)
Lemma Rintegral_difference d (S : measurableType d) (m : {measure set S -> \bar RR}) (D : set S) (f g : S -> RR) :
  measurable D -> m.-integrable D (EFin \o f) -> m.-integrable D (EFin \o g) ->
  m.-integrable D (EFin \o (fun x => f x - g x)) /\
  \int[m]_(x in D) (f x - g x) = \int[m]_(x in D) f x - \int[m]_(x in D) g x.
Proof.
move=> mD If Ig; split.
  by apply: eq_integrable (integrableB mD If Ig) => // x _ /=; rewrite EFinB.
have F1 := integral_fune_fin_num mD If; have F2 := integral_fune_fin_num mD Ig.
rewrite /Rintegral -[RHS]/((fine _) - (fine _)) -fineB//.
by rewrite -integralB_EFin.
Qed.

Section Identity.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis L_pos : (0 < L)%N.
Hypothesis HX : iid_with_law P mu L X.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.
Let EP := probability_expectation P1.
Let Emu := probability_expectation mu1.
Let PR := iid_product_rule P1 mu1 HX.
Let mX := proj1 HX.
Let W o := \sum_(j < L) w (X j o).
Let phi := laplace_transform mu w.

Let mW : measurable_fun setT W.
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_L) o => w (X j o))) => j.
by apply: (measurable_fun_comp mw); exact: mX.
Qed.
Let W0 o : 0 < W o.
Proof.
rewrite /W (bigD1 (Ordinal L_pos))//= ltr_paddr//.
by apply: sumr_ge0 => j _; exact/ltW.
Qed.
Let msum (u : T -> RR) : measurable_fun setT u -> measurable_fun setT (fun o => \sum_(i < L) u (X i o) : RR).
Proof.
move=> mu'; apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_L) o => u (X j o))) => j.
by apply: (measurable_fun_comp mu'); exact: mX.
Qed.
Let Ie t : 0 < t -> Pint mu (fun x => rexp (- t * w x)).
Proof. by move=> t0; apply: (Pint_laplace mu1 mw w0); apply/RleP; exact: ltW. Qed.
Let phi_ge0 t : 0 <= phi t.
Proof. by apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin; exact/ltW/rexp_gt0. Qed.
Let mexp (t : RR) : measurable_fun setT (fun x => rexp (- t * w x)).
Proof. by apply: (measurable_fun_comp measurable_fun_exp); exact: measurable_funrM. Qed.

Lemma sum_mean (u : T -> RR) t : 0 < t -> Pint mu (fun x => u x * rexp (- t * w x)) ->
  (\int[P]_o ((\sum_(i < L) u (X i o)) * rexp (- t * W o))%:E =
  (L%:R * (\int[mu]_x (u x * rexp (- t * w x))) * phi t ^+ (L - 1))%:E)%E.
Proof.
move=> t0 Iu; have [I E] := @laplace_sum_mean _ _ EP Emu X L w t PR (Ie t0) u Iu.
rewrite (eq_integral (fun o => (Rmult (rsum L (fun i => u (X i o)))
  (Rtrigo_def.exp (Rmult (Ropp t) (rsum L (fun i => w (X i o))))) : RR)%:E)); last first.
  by move=> o _; rewrite !rsumE.
by rewrite (Pmean_integral I) [Pmean _ _]E !RmultE RpowE INRE.
Qed.

Lemma square_mean (u : T -> RR) t : 0 < t -> Pint mu (fun x => u x * rexp (- t * w x)) ->
  Pint mu (fun x => u x ^+ 2 * rexp (- t * w x)) ->
  (\int[P]_o ((\sum_(i < L) u (X i o)) ^+ 2 * rexp (- t * W o))%:E =
  (L%:R * (\int[mu]_x (u x ^+ 2 * rexp (- t * w x))) * phi t ^+ (L - 1)
   + L%:R * (L%:R - 1) * (\int[mu]_x (u x * rexp (- t * w x))) ^+ 2 * phi t ^+ (L - 2))%:E)%E.
Proof.
move=> t0 Iu Iu2.
have E2 x : Rmult (pow (u x) 2) (Rtrigo_def.exp (Rmult (Ropp t) (w x))) = u x ^+ 2 * rexp (- t * w x).
  by rewrite pow2E.
have Iu2' := Pint_ext (fun x => esym (E2 x)) Iu2.
have [I E] := @laplace_square_mean _ _ EP Emu X L w t PR (Ie t0) u Iu Iu2'.
rewrite (eq_integral (fun o => (Rmult (pow (rsum L (fun i => u (X i o))) 2)
  (Rtrigo_def.exp (Rmult (Ropp t) (rsum L (fun i => w (X i o))))) : RR)%:E)); last first.
  by move=> o _; rewrite pow2E !rsumE.
rewrite (Pmean_integral I) [Pmean _ _]E RplusE !RmultE !RpowE RminusE INRE.
by rewrite (_ : (fun x => Rmult (pow (u x) 2) _) = (fun x => u x ^+ 2 * rexp (- t * w x)))//; apply/funext.
Qed.

(* ---- sums over tokens, and squares of such sums, over powers of the total weight ---- *)

Section Sum.
Variables (u : T -> RR) (k : nat).
Hypothesis mu_ : measurable_fun setT u.
Hypothesis u0 : forall x, 0 <= u x.
Hypothesis Iu : forall t, 0 < t -> Pint mu (fun x => u x * rexp (- t * w x)).
Let N o := \sum_(i < L) u (X i o).
Let N0 o : 0 <= N o. Proof. by apply: sumr_ge0. Qed.
Let value (t : RR) : RR :=
  t ^+ k / (k`!)%:R * (L%:R * (\int[mu]_x (u x * rexp (- t * w x))) * phi t ^+ (L - 1)).
Let valueE t : half_line t ->
  ((t ^+ k / (k`!)%:R)%:E * \int[P]_o (N o * rexp (- t * W o))%:E)%E = (value t)%:E.
Proof. by rewrite half_lineP => t0; rewrite sum_mean ?EFinM//; exact: Iu. Qed.

Lemma laplace_sum : (\int[P]_o (N o / W o ^+ k.+1)%:E = \int[lebesgue_line]_(t in half_line) (value t)%:E)%E.
Proof.
rewrite (gamma_tonelli P1 k (msum mu_) N0 mW W0); apply: eq_integral => t; rewrite inE.
exact: valueE.
Qed.

Lemma measurable_laplace_sum : measurable_fun half_line (fun t => (value t)%:E).
Proof.
apply: eq_measurable_fun (measurable_gamma_mean P1 k (msum mu_) N0 mW) => t; rewrite inE.
exact: valueE.
Qed.
End Sum.

Section Square.
Variables (u : T -> RR) (k : nat).
Hypothesis mu_ : measurable_fun setT u.
Hypothesis Iu : forall t, 0 < t -> Pint mu (fun x => u x * rexp (- t * w x)).
Hypothesis Iu2 : forall t, 0 < t -> Pint mu (fun x => u x ^+ 2 * rexp (- t * w x)).
Let N o := (\sum_(i < L) u (X i o)) ^+ 2.
Let N0 o : 0 <= N o. Proof. exact: sqr_ge0. Qed.
Let mN : measurable_fun setT N. Proof. exact/measurable_fun_sqr/msum. Qed.
Let value (t : RR) : RR :=
  t ^+ k / (k`!)%:R * (L%:R * (\int[mu]_x (u x ^+ 2 * rexp (- t * w x))) * phi t ^+ (L - 1)
   + L%:R * (L%:R - 1) * (\int[mu]_x (u x * rexp (- t * w x))) ^+ 2 * phi t ^+ (L - 2)).
Let valueE t : half_line t ->
  ((t ^+ k / (k`!)%:R)%:E * \int[P]_o (N o * rexp (- t * W o))%:E)%E = (value t)%:E.
Proof. by rewrite half_lineP => t0; rewrite square_mean ?EFinM//; [exact: Iu|exact: Iu2]. Qed.

Lemma laplace_square : (\int[P]_o (N o / W o ^+ k.+1)%:E = \int[lebesgue_line]_(t in half_line) (value t)%:E)%E.
Proof.
rewrite (gamma_tonelli P1 k mN N0 mW W0); apply: eq_integral => t; rewrite inE.
exact: valueE.
Qed.

Lemma measurable_laplace_square : measurable_fun half_line (fun t => (value t)%:E).
Proof.
apply: eq_measurable_fun (measurable_gamma_mean P1 k mN N0 mW) => t; rewrite inE.
exact: valueE.
Qed.
End Square.

Let weighted_sumE (f : T -> RR) o : weighted_mean L X w f o = (\sum_(i < L) w (X i o) * f (X i o)) / W o.
Proof. by rewrite /weighted_mean mulr_suml; apply: eq_bigr => i _; rewrite mulrAC. Qed.

Lemma Pint_weight_power k t : 0 < t -> Pint mu (fun x => w x ^+ k * rexp (- t * w x)).
Proof.
move=> t0; apply: (@Pint_bounded _ _ mu mu1 ((k`!)%:R / t ^+ k)).
  by apply: measurable_funM => //; exact: (measurable_fun_comp (measurable_power k) mw).
move=> x; rewrite ger0_norm; last by rewrite mulr_ge0 ?exprn_ge0// ?(ltW (w0 _))//; exact/ltW/rexp_gt0.
exact: power_exp_bounded.
Qed.

Lemma Pint_weight_function (k j : nat) (f : T -> RR) t : 0 < t -> measurable_fun setT f ->
  Pint mu (fun x => `|f x| ^+ j) -> Pint mu (fun x => w x ^+ k * f x ^+ j * rexp (- t * w x)).
Proof.
move=> t0 mf If.
have mfj : measurable_fun setT (fun x => f x ^+ j).
  exact: (measurable_fun_comp (measurable_power j) mf).
have c0 : 0 <= (k`!)%:R / t ^+ k by rewrite divr_ge0 ?exprn_ge0 ?ler0n ?(ltW t0).
have Ic : Pint mu (fun x => (k`!)%:R / t ^+ k * `|f x| ^+ j) by have := integrablerM measurableT ((k`!)%:R / t ^+ k) If; apply: eq_integrable.
apply: (@Pint_dominated _ _ mu mu1 0 _ _ _ Ic) => [|x].
  apply: measurable_funM => //; apply: measurable_funM => //.
  exact: (measurable_fun_comp (measurable_power k) mw).
rewrite add0r mulrAC normrM normrX ler_wpmul2r ?exprn_ge0//.
rewrite ger0_norm; last by rewrite mulr_ge0 ?exprn_ge0// ?(ltW (w0 _))//; exact/ltW/rexp_gt0.
exact: power_exp_bounded.
Qed.

(* ---- participation ---- *)

Theorem laplace_participation (k : nat) : (0 < k)%N ->
  (\int[P]_o (\sum_(i < L) (w (X i o) / \sum_(j < L) w (X j o)) ^+ k)%:E =
   \int[lebesgue_line]_(t in half_line)
     (t ^+ k.-1 / (k.-1`!)%:R * (L%:R * laplace_power mu w k t * laplace_transform mu w t ^+ (L - 1)))%:E)%E.
Proof.
case: k => // k _.
have mwk : measurable_fun setT (fun x => w x ^+ k.+1) by exact: (measurable_fun_comp (measurable_power k.+1) mw).
rewrite /= -(@laplace_sum (fun x => w x ^+ k.+1) k mwk) //; first last.
- by move=> t; exact: Pint_weight_power.
- by move=> x; rewrite exprn_ge0// ltW.
apply: eq_integral => o _; congr EFin; rewrite mulr_suml; apply: eq_bigr => i _.
by rewrite exprMn exprVn.
Qed.

Theorem laplace_participation_square :
  (\int[P]_o ((\sum_(i < L) (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2) ^+ 2)%:E =
   \int[lebesgue_line]_(t in half_line)
     (t ^+ 3 / 6%:R * (L%:R * laplace_power mu w 4 t * laplace_transform mu w t ^+ (L - 1)
       + L%:R * (L%:R - 1) * laplace_power mu w 2 t ^+ 2 * laplace_transform mu w t ^+ (L - 2)))%:E)%E.
Proof.
have mw2 : measurable_fun setT (fun x => w x ^+ 2) by exact: (measurable_fun_comp (measurable_power 2) mw).
have E4 t x : (w x ^+ 2) ^+ 2 * rexp (- t * w x) = w x ^+ 4 * rexp (- t * w x) by rewrite -exprM.
have := @laplace_square (fun x => w x ^+ 2) 3 mw2 (fun t => @Pint_weight_power 2 t) _.
move=> H; transitivity (\int[P]_o ((\sum_(i < L) w (X i o) ^+ 2) ^+ 2 / W o ^+ 4)%:E)%E.
  apply: eq_integral => o _; congr EFin.
  rewrite (_ : W o ^+ 4 = (W o ^+ 2) ^+ 2); last by rewrite -exprM.
  rewrite -exprVn -exprMn mulr_suml; congr (_ ^+ 2); apply: eq_bigr => i _.
  by rewrite exprMn exprVn.
rewrite H.
  apply: eq_integral => t _; congr (_ * (_ * _ * _ + _))%:E.
  by rewrite /laplace_power; congr Rintegral; apply/funext => x; exact: E4.
move=> t t0; have := @Pint_weight_power 4 t t0; apply: Pint_ext => x.
by rewrite E4.
Qed.

(* ---- the error ---- *)

Lemma Pint_first (f : T -> RR) t : 0 < t -> measurable_fun setT f -> Pint mu f ->
  Pint mu (fun x => w x * f x * rexp (- t * w x)).
Proof.
move=> t0 mf If.
have Ia : Pint mu (fun x => `|f x| ^+ 1).
  by have := integrable_abse measurableT If; apply: eq_integrable => // x _ /=; rewrite expr1.
by have := @Pint_weight_function 1 1 f t t0 mf Ia; apply: Pint_ext => x; rewrite !expr1.
Qed.

Section Error.
Variables (n : nat) (f : 'I_n -> T -> RR).
Hypothesis mf : forall k, measurable_fun setT (f k).
Hypothesis If2 : forall k, mu.-integrable setT (fun x => (f k x ^+ 2)%:E).
Let u k x := w x * f k x.
Let mu_ k : measurable_fun setT (u k). Proof. exact: measurable_funM. Qed.
Let Iu k t : 0 < t -> Pint mu (fun x => u k x * rexp (- t * w x)).
Proof. by move=> t0; apply: Pint_first => //; apply: (Pint_of_sq mu1 (mf k)); exact: If2. Qed.

Lemma Pint_laplace_second k t : 0 < t -> Pint mu (fun x => (w x * f k x) ^+ 2 * rexp (- t * w x)).
Proof.
move=> t0; have If2' : Pint mu (fun x => `|f k x| ^+ 2).
  by apply: Pint_ext (If2 k) => x; rewrite real_normK ?num_real.
have := @Pint_weight_function 2 2 (f k) t t0 (mf k) If2'; apply: Pint_ext => x.
by rewrite exprMn.
Qed.

Let value k (t : RR) : RR :=
  t ^+ 1 / (1`!)%:R * (L%:R * (\int[mu]_x (u k x ^+ 2 * rexp (- t * w x))) * phi t ^+ (L - 1)
   + L%:R * (L%:R - 1) * (\int[mu]_x (u k x * rexp (- t * w x))) ^+ 2 * phi t ^+ (L - 2)).
Let value_sum t : \sum_(k < n) value k t = laplace_integrand mu w L f t.
Proof.
rewrite -mulr_sumr expr1 factS fact0 muln1 divr1; congr (_ * _).
rewrite big_split /=; congr (_ + _).
  by rewrite -mulr_suml -mulr_sumr.
by rewrite -mulr_suml -mulr_sumr.
Qed.
Let M k := @measurable_laplace_square (u k) 1 (mu_ k) (Iu k) (fun t => @Pint_laplace_second k t).

Lemma measurable_laplace_integrand : measurable_fun half_line (fun t => (laplace_integrand mu w L f t)%:E).
Proof.
rewrite (_ : (fun t => _) = (fun t => \sum_(k < n) (value k t)%:E)%E).
  by apply: emeasurable_fun_sum => k; exact: M.
by apply/funext => t; rewrite sumEFin value_sum.
Qed.

Theorem laplace_error :
  (\int[P]_o (\sum_(k < n) (weighted_mean L X w (f k) o) ^+ 2)%:E =
   \int[lebesgue_line]_(t in half_line) (laplace_integrand mu w L f t)%:E)%E.
Proof.
have E k := @laplace_square (u k) 1 (mu_ k) (Iu k) (fun t => @Pint_laplace_second k t).
rewrite (eq_integral (fun o => (\sum_(k < n) ((\sum_(i < L) u k (X i o)) ^+ 2 / W o ^+ 2)%:E)%E)); last first.
  by move=> o _; rewrite -sumEFin; apply: eq_bigr => k _; rewrite weighted_sumE exprMn exprVn.
rewrite ge0_integral_sum//; last 2 first.
- move=> k; apply/EFin_measurable_fun/measurable_funM; first exact/measurable_fun_sqr/msum.
  apply: measurable_fun_invr_pos => [|o]; first exact: measurable_fun_sqr.
  by rewrite exprn_gt0.
- by move=> k o _; rewrite lee_fin mulr_ge0 ?invr_ge0 ?sqr_ge0.
under eq_bigr do rewrite E.
rewrite -ge0_integral_sum//; first last.
- move=> k t; rewrite half_lineP => t0; rewrite lee_fin mulr_ge0//.
    by rewrite divr_ge0 ?exprn_ge0 ?ler0n ?(ltW t0).
  have L1 : 0 <= L%:R - 1 :> RR by rewrite subr_ge0 ler1n.
  apply: addr_ge0; last by rewrite mulr_ge0 ?exprn_ge0 ?phi_ge0// mulr_ge0 ?sqr_ge0// mulr_ge0 ?ler0n.
  rewrite mulr_ge0 ?exprn_ge0 ?phi_ge0// mulr_ge0 ?ler0n//.
  by apply/fine_ge0/integral_ge0 => x _; rewrite lee_fin mulr_ge0 ?sqr_ge0//; exact/ltW/rexp_gt0.
- exact: measurable_half_line.
by apply: eq_integral => t _; rewrite sumEFin value_sum.
Qed.
End Error.

(* ---- the bias ---- *)

Let bias_integrand (f : T -> RR) (t : RR) : RR := L%:R * laplace_first mu w f t * phi t ^+ (L - 1).

Let mweighted f : measurable_fun setT f -> measurable_fun setT (weighted_mean L X w f).
Proof. by move=> mf; apply: measurable_weighted_mean. Qed.

Let bias_nonnegative (f : T -> RR) : measurable_fun setT f -> (forall x, 0 <= f x) -> Pint mu f ->
  [/\ Pint P (weighted_mean L X w f),
      lebesgue_line.-integrable half_line (EFin \o bias_integrand f) &
      \int[P]_o weighted_mean L X w f o = \int[lebesgue_line]_(t in half_line) bias_integrand f t].
Proof.
move=> mf f0 If.
pose u x := w x * f x.
have mu_ : measurable_fun setT u by exact: measurable_funM.
have u0 x : 0 <= u x by rewrite mulr_ge0// ltW.
have Iu t : 0 < t -> Pint mu (fun x => u x * rexp (- t * w x)) by move=> t0; exact: Pint_first.
have valueE t : t ^+ 0 / (0`!)%:R * (L%:R * (\int[mu]_x (u x * rexp (- t * w x))) * phi t ^+ (L - 1)) =
  bias_integrand f t by rewrite expr0 fact0 divr1 mul1r.
have E := @laplace_sum u 0 mu_ u0 Iu.
have M := @measurable_laplace_sum u 0 mu_ u0 Iu.
rewrite (_ : (fun t => _) = EFin \o bias_integrand f) in M; last first.
  by apply/funext => t; rewrite valueE.
have wm0 o : 0 <= weighted_mean L X w f o.
  by rewrite weighted_sumE divr_ge0 ?(ltW (W0 o))//; apply: sumr_ge0 => i _; exact: u0.
have {}E : (\int[P]_o (weighted_mean L X w f o)%:E = \int[lebesgue_line]_(t in half_line) (bias_integrand f t)%:E)%E.
  transitivity (\int[P]_o ((\sum_(i < L) u (X i o)) / W o ^+ 1)%:E)%E.
    by apply: eq_integral => o _; rewrite weighted_sumE expr1.
  by rewrite E; apply: eq_integral => t _; rewrite valueE.
have IS : Pint P (fun o => rsum L (fun i => f (X i o))).
  apply: (@Int_rsum _ EP L (fun i o => f (X i o))) => i iL.
  by have [] := @product_rule_single _ _ EP Emu X L PR f i iL If.
have IP : Pint P (weighted_mean L X w f).
  apply: (@Pint_dominated _ _ P P1 0 _ _ (mweighted mf) IS) => o.
  rewrite add0r ger0_norm// weighted_meanE; apply/RleP; apply: self_normalised_le_sum.
  - exact/ssrnat.ltP.
  - by move=> i _; apply/RltP.
  - by move=> i _; apply/RleP.
have b0 t : 0 < t -> 0 <= bias_integrand f t.
  move=> t0; rewrite !mulr_ge0 ?exprn_ge0 ?ler0n//; apply/fine_ge0/integral_ge0 => x _.
  by rewrite lee_fin mulr_ge0 ?u0//; exact/ltW/rexp_gt0.
split => //; last by rewrite /Rintegral E.
split => //; rewrite (eq_integral (fun t => (bias_integrand f t)%:E)); last first.
  by move=> t; rewrite inE half_lineP => t0 /=; rewrite ger0_norm// b0.
by rewrite -E (Pmean_integral IP) ltey.
Qed.

Theorem laplace_bias (f : T -> RR) : measurable_fun setT f -> mu.-integrable setT (EFin \o f) ->
  let integrand t := L%:R * laplace_first mu w f t * laplace_transform mu w t ^+ (L - 1) in
  [/\ P.-integrable setT (EFin \o weighted_mean L X w f),
      lebesgue_line.-integrable half_line (EFin \o integrand) &
      \int[P]_o weighted_mean L X w f o = \int[lebesgue_line]_(t in half_line) integrand t].
Proof.
move=> mf If integrand.
pose fp (x : T) : RR := Rmax (f x) 0; pose fn (x : T) : RR := fp x - f x.
have Ip : Pint mu fp by exact: Pint_pos.
have In : Pint mu fn.
  have := Pint_lin (1 : RR) (-1 : RR) Ip If; apply: Pint_ext => x.
  by rewrite RplusE !RmultE mul1r mulN1r.
have mp : measurable_fun setT fp by exact: Pint_measurable Ip.
have mn : measurable_fun setT fn by exact: Pint_measurable In.
have p0 x : 0 <= fp x by apply/RleP; exact: Rmax_r.
have n0 x : 0 <= fn x by rewrite subr_ge0; apply/RleP; exact: Rmax_l.
have [A1 A2 A3] := bias_nonnegative mp p0 Ip.
have [B1 B2 B3] := bias_nonnegative mn n0 In.
have fE x : f x = fp x - fn x by rewrite /fn opprB addrCA subrr addr0.
have wE o : weighted_mean L X w f o = weighted_mean L X w fp o - weighted_mean L X w fn o.
  by rewrite /weighted_mean -sumrB; apply: eq_bigr => i _; rewrite fE mulrBr.
have gE t : half_line t -> integrand t = bias_integrand fp t - bias_integrand fn t.
  rewrite half_lineP => t0; rewrite /integrand /bias_integrand -mulrBl -mulrBr; congr (_ * _ * _).
  have J1 := Pint_first t0 mp Ip; have J2 := Pint_first t0 mn In.
  have := Pmean_lin (1 : RR) (-1 : RR) J1 J2.
  rewrite RplusE !RmultE mul1r mulN1r => <-; rewrite /laplace_first /Pmean /Rintegral; congr fine.
  by apply: eq_integral => x _; congr EFin; rewrite RplusE !RmultE mul1r mulN1r -mulrBl -mulrBr -fE.
have [C1 C2] := Rintegral_difference measurableT A1 B1.
have [D1 D2] := Rintegral_difference measurable_half_line A2 B2.
have IG : lebesgue_line.-integrable half_line (EFin \o integrand).
  apply: eq_integrable D1; first exact: measurable_half_line.
  by move=> t; rewrite inE => t0 /=; rewrite gE.
have IW : P.-integrable setT (EFin \o weighted_mean L X w f).
  by apply: eq_integrable C1 => // o _ /=; rewrite wE.
split; [exact: IW|exact: IG|].
transitivity (\int[P]_o (weighted_mean L X w fp o - weighted_mean L X w fn o)).
  by congr Rintegral; apply/funext => o; exact: wE.
rewrite C2 A3 B3 -D2 /Rintegral; congr fine; apply: eq_integral => t; rewrite inE => t0.
by rewrite gE.
Qed.
End Identity.
