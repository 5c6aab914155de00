(* Euler's Gamma function as a Lebesgue integral, and its scaling.

     gamma_function s      Gamma(s) = INT_0^oo t^{s-1} e^{-t} dt, for 1 <= s a real number
     scaled_integral       INT_R g(b t) dt = (1/b) INT_R g(t) dt for measurable g >= 0, b > 0
     gamma_function_finite the integral converges, 1 <= s <= 4
     gamma_scaling         INT_0^oo t^{s-1} e^{-bt} dt = Gamma(s) / b^s, 1 <= s <= 4, b > 0 *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure lebesgue_line.
From AttentionBounds.laplace Require Import gamma_integral.
From AttentionBounds.laplace Require fractional_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Lemma measurable_fun_ln : measurable_fun setT (Rpower.ln : RR -> RR).
Proof.
move=> mD; apply: (measurability (RGenOInfty.measurableE _)) => //.
move=> _ [_ [a ->] <-]; rewrite setTI.
have E : (Rpower.ln : RR -> RR) @^-1` [set` `]a, +oo[ ] =
    [set` `](rexp a), +oo[ ] `|` (if a < 0 then [set` `]-oo, 0]%R] else set0).
  rewrite predeqE => x /=; rewrite in_itv/= andbT; have [x0|x0] := ltP 0 x.
    have H : (a < (Rpower.ln x : RR)) <-> (rexp a < x).
      rewrite -{2}[x](exp_ln x (elimT (RltP _ _) x0)); split => /RltP h; apply/RltP.
        exact: exp_increasing.
      exact: exp_lt_inv.
    split=> [/H h|[|]]; first by left; rewrite in_itv/= andbT.
      by rewrite in_itv/= andbT => /H.
    by case: ifP => // _ /=; rewrite in_itv/= leNgt x0.
  have -> : Rpower.ln x = 0 :> RR.
    have nx : ~ Rlt 0 x by move/RltP; rewrite ltNge x0.
    by rewrite /Rpower.ln; case: Rlt_dec.
  split=> [a0|[|]]; first by right; rewrite a0 /= in_itv/=.
    by rewrite in_itv/= andbT => h; have := lt_le_trans (lt_trans (rexp_gt0 a) h) x0; rewrite ltxx.
  by case: ifP.
by rewrite E; apply: measurableU; [exact: measurable_itv|case: ifP => _; [exact: measurable_itv|exact: measurable0]].
Qed.

(* t^p *)
Lemma measurable_fun_power d (T : measurableType d) (g : T -> RR) (p : RR) :
  measurable_fun setT g -> measurable_fun setT (fun x => Rpower.Rpower (g x) p : RR).
Proof.
move=> mg; apply: (measurable_fun_comp measurable_fun_exp).
by apply: measurable_funrM; exact: (measurable_fun_comp measurable_fun_ln mg).
Qed.

Lemma power_gt0 (t p : RR) : 0 < (Rpower.Rpower t p : RR).
Proof. exact: rexp_gt0. Qed.

(* ---- scaling of Lebesgue measure ---- *)

Section Scaling.
Variable b : RR.
Hypothesis b0 : 0 < b.
Let bi0 : 0 <= b^-1. Proof. by rewrite invr_ge0 ltW. Qed.
Let mtimes : measurable_fun setT (fun t : RR => b * t).
Proof. exact: (measurable_funrM b (@measurable_fun_id _ _ _)). Qed.

Let interval_scaling (x y : RR) :
  lebesgue_line ((fun t : RR => b * t) @^-1` `]x, y]%classic) = ((b^-1)%:E * lebesgue_line `]x, y]%classic)%E.
Proof.
have -> : (fun t : RR => b * t) @^-1` `]x, y]%classic = `](b^-1 * x), (b^-1 * y)]%classic.
  rewrite predeqE => t /=; rewrite !in_itv/= mulrC.
  by rewrite ltr_pdivr_mull// [t * b]mulrC ler_pdivl_mull.
have [xy|yx] := leP x y.
  by rewrite !lebesgue_interval ?ler_wpmul2l// -mulrBr EFinM.
have empty (u v : RR) : v <= u -> (`]u, v]%classic : set RR) = set0.
  move=> vu; rewrite predeqE => t; split => //=; rewrite in_itv/= => /andP[ut tv].
  by have := le_lt_trans (le_trans tv vu) ut; rewrite ltxx.
by rewrite !empty ?ler_wpmul2l ?(ltW yx)// measure0 mule0.
Qed.

Lemma lebesgue_scaling (A : set RR) : measurable A ->
  lebesgue_line ((fun t : RR => b * t) @^-1` A) = ((b^-1)%:E * lebesgue_line A)%E.
Proof.
pose m1 := [the measure _ _ of pushforward lebesgue_line mtimes].
pose m2 := [the measure _ _ of mscale (NngNum bi0) lebesgue_line].
move=> mA; rewrite -[LHS]/(m1 A) -[RHS]/(m2 A).
apply: (@measure_unique _ RR RR (@ocitv RR) (fun n : nat => `]- n%:R, n%:R]%classic : set RR) erefl _ _ _ m1 m2) => //.
- exact: ocitvI.
- by move=> n; exact: is_ocitv.
- rewrite predeqE => x; split => // _.
  exists (absz (ceil (normr x))).+1 => //=; rewrite in_itv/=.
  have : `|x| < (absz (ceil (normr x))).+1%:R.
    apply: (@le_lt_trans _ _ (absz (ceil (normr x)))%:R); last by rewrite ltr_nat.
    by rewrite natr_absz [X in X%:~R]ger0_norm ?ceil_ge0// ceil_ge.
  by rewrite ltr_norml => /andP[-> /ltW ->].
- by move=> _ [[x y] _ <-]; exact: interval_scaling.
- move=> n; rewrite -[X in (X < _)%E]/(lebesgue_line ((fun t : RR => b * t) @^-1` `]- n%:R, n%:R]%classic)).
  rewrite interval_scaling lebesgue_interval; first by rewrite -EFinM ltey.
  by rewrite (@le_trans _ _ 0)// oppr_le0.
Qed.

Theorem scaled_integral (g : RR -> RR) : measurable_fun setT g -> (forall t, 0 <= g t) ->
  (\int[lebesgue_line]_t (g (b * t))%:E = (b^-1)%:E * \int[lebesgue_line]_t (g t)%:E)%E.
Proof.
move=> mg g0.
have m1 : measurable_fun (setT : set RR) (cst 1 : RR -> RR) by exact: measurable_fun_cst.
rewrite -(@weighted_pushforward _ _ _ _ _ lebesgue_line lebesgue_line (cst 1) (fun t : RR => b * t) b^-1 m1 (fun=> ler01) mtimes bi0 _ g mg g0).
  by apply: eq_integral => t _; rewrite mul1r.
move=> A mA; rewrite -lebesgue_scaling//.
have mB : measurable ((fun t : RR => b * t) @^-1` A) by rewrite -[_ @^-1` _]setTI; exact: mtimes.
transitivity (\int[lebesgue_line]_t (\1_((fun t : RR => b * t) @^-1` A) t : RR)%:E)%E.
  by apply: eq_integral => t _; rewrite mul1r !indicE.
by rewrite integral_indic// setIT.
Qed.
End Scaling.

(* ---- the Gamma function ---- *)

Definition gamma_function (s : RR) : RR :=
  \int[lebesgue_line]_(t in half_line) (Rpower.Rpower t (s - 1) * rexp (- t)).

Section GammaFunction.
Variable s : RR.
Hypothesis s1 : 1 <= s.
Hypothesis s4 : s <= 4%:R.

(* t^{s-1} <= 1 + t^3 *)
Let power_le (t : RR) : 0 < t -> (Rpower.Rpower t (s - 1) : RR) <= 1 + t ^+ 3.
Proof.
move=> t0; have H := fractional_abstract.power_le_cube t (s - 1) (elimT (RltP _ _) t0).
have /H : Rle 0 (s - 1) /\ Rle (s - 1) 3.
  split; apply/RleP; first by rewrite subr_ge0.
  by rewrite ler_subl_addr (_ : IZR 3 = 3%:R :> RR) ?natr1// -[3%:R](INRE 3) INR_IZR_INZ.
by move=> /RleP; rewrite RplusE RpowE.
Qed.

Lemma measurable_gamma_integrand (D : set RR) (b : RR) :
  measurable_fun D (fun t : RR => (Rpower.Rpower t (s - 1) * rexp (- (b * t)))%:E).
Proof.
apply/measurable_funTS/EFin_measurable_fun; apply: measurable_funM.
  exact: (measurable_fun_power _ (@measurable_fun_id _ _ _)).
apply: (measurable_fun_comp measurable_fun_exp).
exact: (measurable_funN (measurable_funrM b (@measurable_fun_id _ _ _))).
Qed.

Lemma gamma_function_finite :
  (\int[lebesgue_line]_(t in half_line) (Rpower.Rpower t (s - 1) * rexp (- t))%:E = (gamma_function s)%:E)%E.
Proof.
rewrite /gamma_function /Rintegral fineK// ge0_fin_numE; last first.
  by apply: integral_ge0 => t _; rewrite lee_fin mulr_ge0 ?(ltW (power_gt0 _ _))// ltW// rexp_gt0.
have M1 k : measurable_fun half_line (fun t : RR => (t ^+ k / (k`!)%:R * rexp (- t * 1))%:E).
  apply/measurable_funTS/EFin_measurable_fun; apply: measurable_funM.
    by apply: measurable_funM; [exact: measurable_power|exact: measurable_fun_cst].
  apply: (measurable_fun_comp measurable_fun_exp); apply: measurable_funM; last exact: measurable_fun_cst.
  exact: (measurable_funN (@measurable_fun_id _ _ _)).
have P1 k (t : RR) : half_line t -> (0 <= (t ^+ k / (k`!)%:R * rexp (- t * 1))%:E)%E.
  rewrite half_lineP => t0; rewrite lee_fin mulr_ge0 ?divr_ge0 ?exprn_ge0 ?ler0n ?(ltW t0)//.
  exact/ltW/rexp_gt0.
apply: (@le_lt_trans _ _ (\int[lebesgue_line]_(t in half_line) (t ^+ 0 / (0`!)%:R * rexp (- t * 1))%:E
   + 6%:R%:E * \int[lebesgue_line]_(t in half_line) (t ^+ 3 / (3`!)%:R * rexp (- t * 1))%:E)%E); last first.
  by rewrite !gamma_integral ?ltr01// -EFinM -EFinD ltey.
have mh := measurable_half_line.
have M3 := measurable_funeM 6%:R%:E (M1 3%N).
have P3 (t : RR) : half_line t -> (0 <= 6%:R%:E * (t ^+ 3 / (3`!)%:R * rexp (- t * 1))%:E)%E.
  by move=> /(P1 3%N) h; rewrite mule_ge0// lee_fin ler0n.
have c6 : (0 <= 6%:R%:E :> \bar RR)%E by rewrite lee_fin ler0n.
rewrite -(ge0_integralM lebesgue_line mh (M1 3%N) (P1 3%N) c6) -(ge0_integralD lebesgue_line mh (P1 0%N) (M1 0%N) P3 M3).
apply: ge0_le_integral; first exact: measurable_half_line.
- by move=> t _; rewrite lee_fin mulr_ge0 ?(ltW (power_gt0 _ _))// ltW// rexp_gt0.
- by under eq_fun do rewrite -[X in - X]mul1r; exact: measurable_gamma_integrand.
- by move=> t h; rewrite adde_ge0 ?P1// P3.
- exact: (emeasurable_funD (M1 0%N) M3).
move=> t; rewrite half_lineP => t0.
rewrite -EFinM -EFinD lee_fin expr0 fact0 divr1 mul1r mulr1 mulrA [6%:R * _]mulrC divfK ?pnatr_eq0//.
by rewrite -{2}[rexp (- t)]mul1r -mulrDl ler_wpmul2r ?power_le// ltW// rexp_gt0.
Qed.

Theorem gamma_scaling (b : RR) : 0 < b ->
  (\int[lebesgue_line]_(t in half_line) (Rpower.Rpower t (s - 1) * rexp (- (b * t)))%:E
   = (gamma_function s / Rpower.Rpower b s)%:E)%E.
Proof.
move=> b0; have bn : b != 0 by rewrite gt_eqF.
pose g (t : RR) : RR := Rpower.Rpower t (s - 1) * rexp (- t) * \1_half_line t.
have g0 t : 0 <= g t.
  by rewrite /g indicE mulr_ge0 ?ler0n// mulr_ge0 ?(ltW (power_gt0 _ _))// ltW// rexp_gt0.
have mg : measurable_fun setT g.
  apply: measurable_funM; last by apply: measurable_fun_indic; exact: measurable_half_line.
  apply: measurable_funM; first exact: (measurable_fun_power _ (@measurable_fun_id _ _ _)).
  by apply: (measurable_fun_comp measurable_fun_exp); exact: (measurable_funN (@measurable_fun_id _ _ _)).
have onE (h : RR -> RR) : (\int[lebesgue_line]_(t in half_line) (h t)%:E = \int[lebesgue_line]_t (h t * \1_half_line t)%:E)%E.
  rewrite integral_mkcond; apply: eq_integral => t _; rewrite /patch indicE.
  by case: (t \in half_line); rewrite ?mulr1// mulr0.
have pE (t : RR) : 0 < t -> Rpower.Rpower (b * t) (s - 1) = Rpower.Rpower b (s - 1) * Rpower.Rpower t (s - 1) :> RR.
  by move=> t0; rewrite -RmultE -Rpower_mult_distr//; exact/RltP.
have hE t : half_line (b * t) = half_line t.
  by rewrite !half_lineP pmulr_rgt0.
have E : (\int[lebesgue_line]_t (g (b * t))%:E = (Rpower.Rpower b (s - 1) : RR)%:E *
    \int[lebesgue_line]_(t in half_line) (Rpower.Rpower t (s - 1) * rexp (- (b * t)))%:E)%E.
  rewrite -ge0_integralM//; last 4 first.
  - exact: measurable_half_line.
  - exact: measurable_gamma_integrand.
  - by move=> t _; rewrite lee_fin mulr_ge0 ?(ltW (power_gt0 _ _))// ltW// rexp_gt0.
  - by rewrite lee_fin ltW// power_gt0.
  rewrite [RHS]integral_mkcond; apply: eq_integral => t _; rewrite /patch /g indicE.
  have [th|th] := boolP (t \in half_line).
    have t0 : 0 < t by move: th; rewrite inE half_lineP.
    by rewrite mem_set ?hE -?[half_line t]/(half_line t)//; [rewrite mulr1 pE// -EFinM mulrA|move: th; rewrite inE].
  by rewrite memNset ?mulr0// => h; move/negP: th; apply; rewrite inE -hE.
have G : (\int[lebesgue_line]_t (g t)%:E = (gamma_function s)%:E)%E by rewrite -gamma_function_finite onE.
have := scaled_integral b0 mg g0; rewrite E G.
have Bp : (0 : RR) < Rpower.Rpower b (s - 1) by exact: power_gt0.
move: (\int[lebesgue_line]_(t in half_line) _)%E => I H.
have Bs : Rpower.Rpower b s = Rpower.Rpower b (s - 1) * b :> RR.
  rewrite -{3}[b](Rpower_1 b (elimT (RltP _ _) b0)) -RmultE -Rpower_plus; congr Rpower.Rpower.
  by rewrite RplusE subrK.
case: I H => [r||] H.
- congr EFin; move: H => [] H; rewrite Bs invfM mulrA [gamma_function s * _]mulrC.
  by rewrite -mulrA [_ * b^-1]mulrC -H mulrA mulVf ?mul1r// gt_eqF.
- by move: H; rewrite gt0_muley// lte_fin.
- by move: H; rewrite gt0_muleNy// lte_fin.
Qed.
End GammaFunction.
